"""A connection to a file that may be deleted, replaced, locked or damaged while it is used."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from reliakit.stores.protocol import StoreError
from reliakit.stores.sqlite_files import Signature, made, signature
from reliakit.stores.sqlite_schema import prepare

__all__ = ["Connected"]

T = TypeVar("T")
_BETWEEN_TRIES = 0.01


class Connected:
    """Opens the file when it is needed, and again when another one is in its place. Used by one thread.

    Args:
        path: the file; it and its folder are made where they are missing.
        now: the store's clock, in seconds since 1970-01-01 UTC.
    """

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path, self._now = path, now
        self._connection: sqlite3.Connection | None = None
        self._opened: Signature | None = None

    def run(self, work: Callable[[sqlite3.Connection], T], deadline: float) -> T:
        """Does some work, waiting for the locks of others until `deadline`, in monotonic seconds.

        Raises:
            StoreError: it can't be done, and says what to look at.
        """
        try:
            connection = self._ready(deadline)
            connection.execute(f"PRAGMA busy_timeout = {_left(deadline)}")
            return work(connection)
        except sqlite3.Error as failed:
            if not _busy(failed):
                self.close()  # whatever it is may be gone with a new connection
            raise StoreError(f"{self._path}: {_advice(failed)}") from failed
        except OSError as failed:
            raise StoreError(f"{self._path}: {failed.strerror or failed}; {_RIGHTS}") from failed
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection. SQLite itself leaves the log of a file alone that took the place of this one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ready(self, deadline: float) -> sqlite3.Connection:
        if self._connection is None or signature(self._path) != self._opened:
            self.close()
            self._connection = self._open(deadline)
        return self._connection

    def _open(self, deadline: float) -> sqlite3.Connection:
        # The switch to a write-ahead log does not wait for others who make it, whatever the patience.
        while True:
            try:
                return self._open_once(deadline)
            except sqlite3.OperationalError as failed:
                if not _busy(failed) or not _left(deadline):
                    raise
            time.sleep(_BETWEEN_TRIES)

    def _open_once(self, deadline: float) -> sqlite3.Connection:
        self._opened = made(self._path)
        # An address, so that a file which is deleted just now isn't made by SQLite, readable by everyone.
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw", uri=True, timeout=_left(deadline) / 1_000, isolation_level=None
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            # A power cut may take the last commits, but never breaks the file; a crash of the process takes nothing.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA journal_size_limit = 4194304")
            prepare(connection, str(self._path), self._now())
        except BaseException:
            connection.close()
            raise
        return connection


_RIGHTS = f"user {os.getuid()} has to be able to read and write it, and to make files in its folder"
_AWAY = "move it away, with the -wal and -shm beside it, and an empty store is made"
_ADVICE = {
    sqlite3.SQLITE_BUSY: "locked by another process for too long; look for a backup or a shell that holds it",
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_NOTADB: f"not a database; {_AWAY}",
    sqlite3.SQLITE_CORRUPT: f"the database is damaged; {_AWAY}",
    sqlite3.SQLITE_CANTOPEN: f"can't be opened; {_RIGHTS}",
    sqlite3.SQLITE_READONLY: f"can't be written; {_RIGHTS}",
    sqlite3.SQLITE_PERM: f"can't be used; {_RIGHTS}",
    sqlite3.SQLITE_IOERR: "the disk can't be read or written, or is full; look at the disk",
}


def _advice(failed: sqlite3.Error) -> str:
    said = _ADVICE.get(_code(failed))
    return f"{said} ({failed})" if said else str(failed)


def _busy(failed: sqlite3.Error) -> bool:
    return _code(failed) == sqlite3.SQLITE_BUSY


def _code(failed: sqlite3.Error) -> int:
    return getattr(failed, "sqlite_errorcode", 0) & 0xFF  # the rest says more than anyone asks


def _left(deadline: float) -> int:
    """Returns the milliseconds until then; 0 where it has passed."""
    return max(0, int((deadline - time.monotonic()) * 1_000))
