"""Django, a database for each test that wants one, and flags that each test may say."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.integrations.django_project.starting import database, made_database, start

__all__ = ["database", "made_database"]

start()


@pytest.fixture
def defined() -> Iterator[Callable[..., None]]:
    """Puts flags, and other settings, in force until the test ends."""
    from django.test import override_settings

    with ExitStack() as stack:

        def define(flags: Any, **more: Any) -> None:
            stack.enter_context(override_settings(RELIAKIT={"CONFIG": {"flags": flags}}, **more))

        yield define
