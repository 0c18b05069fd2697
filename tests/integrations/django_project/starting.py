"""Starts Django once, and gives each test a database of its own: a copy of a file in which all tables are made."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

__all__ = ["database", "made_database", "start"]


def start() -> None:
    """Sets Django up, unless another folder of tests has done it; call it in `conftest.py`, before models are
    imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.integrations.django_project.settings")
    django.setup()


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which nothing is but what migrations make."""
    from django.core.management import call_command

    made = tmp_path_factory.mktemp("django") / "made.sqlite3"
    _move_to(made)
    call_command("migrate", verbosity=0)
    _move_to(Path("nowhere"))
    return made


@pytest.fixture
def database(made_database: Path, tmp_path: Path) -> Iterator[Path]:
    """The database of one test, a file that other threads and processes can read too."""
    own = tmp_path / "django.sqlite3"
    shutil.copy(made_database, own)
    _move_to(own)
    yield own
    _move_to(Path("nowhere"))


def _move_to(file: Path) -> None:
    from django.contrib.contenttypes.models import ContentType
    from django.db import connections

    connections.close_all()
    connections.settings["default"]["NAME"] = str(file)
    ContentType.objects.clear_cache()
