"""Django, a database for each test that wants one, and a site whose flags each test may say."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.integrations.django_project.starting import database, made_database, start

__all__ = ["database", "made_database"]

start()


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    """What these tests write need not outlive a power failure."""
    from django.db.backends.signals import connection_created

    def quicken(connection: Any, **_: Any) -> None:
        if connection.vendor == "sqlite":
            connection.cursor().execute("PRAGMA synchronous = OFF")

    connection_created.connect(quicken)
    yield
    connection_created.disconnect(quicken)


@pytest.fixture
def site() -> Iterator[Callable[..., Any]]:
    """Puts settings in force until the test ends, and returns the kit; the URLs are those of `site.py`."""
    from django.test import override_settings

    from reliakit_django import kit
    from tests.integrations.django.site import DEFINITIONS

    with ExitStack() as stack:

        def configured(RELIAKIT: Any = None, **more: Any) -> Any:  # noqa: N803 - as it is called
            found = {"CONFIG": DEFINITIONS, **(RELIAKIT or {})}
            names = {"ROOT_URLCONF": "tests.integrations.django.site", "RELIAKIT": found, **more}
            stack.enter_context(override_settings(**names))
            return kit()

        yield configured


@pytest.fixture
def people(database: Any) -> list[Any]:
    """Users, some of whom are staff."""
    from django.contrib.auth.models import User

    return [User.objects.create_user(f"user-{n}", is_staff=n % 5 == 0) for n in range(20)]
