from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reliakit import Reliakit


@pytest.fixture
def kit_of() -> Iterator[Callable[..., Reliakit]]:
    """Makes kits, and closes them at the end."""
    made: list[Reliakit] = []

    def make(*args: Any, **kwargs: Any) -> Reliakit:
        made.append(Reliakit(*args, **kwargs))
        return made[-1]

    yield make
    for kit in made:
        assert kit.close(), "the engine did not stop"
