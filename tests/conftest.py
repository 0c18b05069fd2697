"""What every test shares."""

from pathlib import Path

import pytest
from hypothesis import settings

# A deadline per example measures the machine, not the code; a failing example is printed so that anyone can replay it.
settings.register_profile("reliakit", deadline=None, print_blob=True)
settings.load_profile("reliakit")


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test keeps its last good copies and keys to itself."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("RELIAKIT_STATE_DIR", str(folder))
    return folder
