"""The shop's database: SQLite in the file that SHOP_DATABASE names."""

import os
import sqlite3
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends

__all__ = ["Database", "create"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (token TEXT PRIMARY KEY, name TEXT NOT NULL, plan TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, title TEXT NOT NULL, cents INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, name TEXT NOT NULL, item INTEGER NOT NULL, way TEXT NOT NULL);
"""
_ITEMS = [(1, "Blue tea cup", 900), (2, "Green tea", 450), (3, "Tea pot", 2500), (4, "Blue plate", 1200)]
_WAIT = 10.0
"""Seconds to wait for another worker that writes."""


def _connect() -> sqlite3.Connection:
    # A request's dependencies and endpoint may run in different threads, one after the other.
    path = os.environ.get("SHOP_DATABASE", "shop.db")
    return sqlite3.connect(path, timeout=_WAIT, check_same_thread=False)


def create() -> None:
    """Makes the tables, with a few items and 200 users whose tokens are their names."""
    connection = _connect()
    with connection:
        connection.executescript(_SCHEMA)
        connection.executemany("INSERT OR IGNORE INTO items VALUES (?, ?, ?)", _ITEMS)
        users = [(f"user-{n}", f"user-{n}", "free" if n % 5 else "pro") for n in range(200)]
        connection.executemany("INSERT OR IGNORE INTO users VALUES (?, ?, ?)", users)
    connection.close()


def _database() -> Iterator[sqlite3.Connection]:
    connection = _connect()
    try:
        with connection:
            yield connection
    finally:
        connection.close()


Database = Annotated[sqlite3.Connection, Depends(_database)]
