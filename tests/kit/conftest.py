from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from reliakit.sources.file import FileSource


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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reliakit.yaml"


@pytest.fixture
def source(path: Path) -> FileSource:
    """A file that is looked at often, so that tests need not wait."""
    return FileSource(path, poll=0.005, settle=0.01)
