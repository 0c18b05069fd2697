"""A connection to a file that may be deleted, replaced, locked or damaged while it is used."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from reliakit.stores.protocol import StoreError
from reliakit.stores.sqlite_files import Signature, made, signature
from reliakit.stores.sqlite_fork import closed, opened, unsafe, using
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
        self.path, self._now = path, now
        self._connection: sqlite3.Connection | None = None
        self._opened: Signature | None = None

    def run(self, work: Callable[[sqlite3.Connection], T], deadline: float) -> T:
        """Does some work, waiting for the locks of others until `deadline`, in monotonic seconds.

        Raises:
            StoreError: it can't be done, and says what to look at.
        """
        with using(self):
            try:
                connection = self._ready(deadline)
                connection.execute(f"PRAGMA busy_timeout = {_left(deadline)}")
                return work(connection)
            except (sqlite3.Error, OSError, StoreError) as failed:
                if not _busy(failed):
                    self._close()  # whatever it is may be gone with a new connection
                raise _said(failed, self.path) from failed

    def close(self) -> None:
        """Ends the connection. SQLite itself leaves the log of a file alone that took the place of this one."""
        with using(self):
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        closed(self)

    def _ready(self, deadline: float) -> sqlite3.Connection:
        if self._connection is None or signature(self.path) != self._opened:
            self._close()
            if unsafe(self.path):
                raise StoreError(
                    f"{self.path}: this process was forked while its parent used it; start it again"
                )
            opened(self)
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
        self._opened = made(self.path)
        # An address, so that a file which is deleted just now isn't made by SQLite, readable by everyone.
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",
            uri=True,
            timeout=_left(deadline) / 1_000,
            isolation_level=None,
            check_same_thread=False,  # whoever forks closes it, when nobody uses it
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            # A power cut may take the last commits, but never breaks the file; a crash of the process takes nothing.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA journal_size_limit = 4194304")
            prepare(connection, str(self.path), self._now())
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


def _said(failed: Exception, path: Path) -> StoreError:
    if isinstance(failed, StoreError):
        return failed
    if isinstance(failed, OSError):
        return StoreError(f"{path}: {failed.strerror or failed}; {_RIGHTS}")
    advice = _ADVICE.get(_code(failed))
    return StoreError(f"{path}: {advice} ({failed})" if advice else f"{path}: {failed}")


def _busy(failed: Exception) -> bool:
    return _code(failed) == sqlite3.SQLITE_BUSY


def _code(failed: Exception) -> int:
    return getattr(failed, "sqlite_errorcode", 0) & 0xFF  # the rest says more than anyone asks


def _left(deadline: float) -> int:
    """Returns the milliseconds until then; 0 where it has passed."""
    return max(0, int((deadline - time.monotonic()) * 1_000))
