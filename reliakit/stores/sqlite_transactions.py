"""Transactions of SQLite that read in one moment, or change all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from sqlite3 import Connection, Error

__all__ = ["Bound", "between", "reading", "writing"]

Bound = str | bytes
_HIGHEST = "\U0010ffff"


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """Keeps other writers out from the start: one that first reads and then writes could only be refused."""
    with _transaction(connection, "BEGIN IMMEDIATE"):
        yield


@contextmanager
def reading(connection: Connection) -> Iterator[None]:
    """Shows what was there when it first read, whatever others write."""
    with _transaction(connection, "BEGIN"):
        yield


@contextmanager
def _transaction(connection: Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(Error):  # a full disk may have rolled it back already
            connection.execute("ROLLBACK")
        raise


def between(prefix: str) -> tuple[Bound, Bound]:
    """Returns the bounds that names with this prefix lie between, the upper one excluded.

    Not LIKE or GLOB, to which some characters are patterns. Texts sort by code point, and below every blob.
    """
    stem = prefix.rstrip(_HIGHEST)
    if not stem:
        return prefix, b""
    following = ord(stem[-1]) + 1
    return prefix, stem[:-1] + chr(0xE000 if following == 0xD800 else following)
