"""What every test shares."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from reliakit import Reliakit

# A deadline per example measures the machine, not the code; a failing example is printed so that anyone can replay it.
settings.register_profile("reliakit", deadline=None, print_blob=True)
settings.load_profile("reliakit")


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test keeps its last good copies and keys to itself."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("RELIAKIT_STATE_DIR", str(folder))
    return folder


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
