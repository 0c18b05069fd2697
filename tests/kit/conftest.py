from pathlib import Path

import pytest

from reliakit.sources.file import FileSource


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reliakit.yaml"


@pytest.fixture
def source(path: Path) -> FileSource:
    """A file that is looked at often, so that tests need not wait."""
    return FileSource(path, poll=0.005, settle=0.01)
