"""The shop's database: SQLite in the file that SHOP_DATABASE names."""

import sqlite3
from dataclasses import dataclass

from flask import Flask, current_app, g

__all__ = ["User", "connection", "init_app", "user"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, plan TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, title TEXT NOT NULL, cents INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, name TEXT NOT NULL, item INTEGER NOT NULL, way TEXT NOT NULL);
"""
_ITEMS = [(1, "Blue tea cup", 900), (2, "Green tea", 450), (3, "Tea pot", 2500), (4, "Blue plate", 1200)]
_WAIT = 10.0
"""Seconds to wait for another worker that writes."""


@dataclass(frozen=True)
class User:
    """Somebody who is signed in."""

    name: str
    plan: str


def init_app(app: Flask) -> None:
    """Makes the tables, with a few items and 200 users."""
    with app.app_context():
        database = connection()
        database.executescript(_SCHEMA)
        database.executemany("INSERT OR IGNORE INTO items VALUES (?, ?, ?)", _ITEMS)
        users = [(f"user-{n}", "free" if n % 5 else "pro") for n in range(200)]
        database.executemany("INSERT OR IGNORE INTO users VALUES (?, ?)", users)
        database.commit()
        _close()
    app.teardown_appcontext(_close)


def connection() -> sqlite3.Connection:
    """Returns the connection of this request."""
    if "database" not in g:
        g.database = sqlite3.connect(current_app.config["SHOP_DATABASE"], timeout=_WAIT)
    found: sqlite3.Connection = g.database
    return found


def user(name: str) -> User | None:
    """Returns a user by name."""
    found = connection().execute("SELECT name, plan FROM users WHERE name = ?", [name]).fetchone()
    return found and User(*found)


def _close(_: BaseException | None = None) -> None:
    found = g.pop("database", None)
    if found is not None:
        found.close()
