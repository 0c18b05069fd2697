"""Looks into a SQLite file as somebody else would."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

__all__ = ["asked", "damaged"]


def asked(path: Path, *statements: str) -> list[Any]:
    """Executes statements, and returns the rows of the last one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def damaged(path: Path) -> list[Any]:
    """Returns what SQLite has to say against a file."""
    return [said for (said,) in asked(path, "PRAGMA integrity_check") if said != "ok"]
