"""A store in a file that the processes of a host share."""

import asyncio
import os
import time
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from reliakit.stores import sqlite_counting as counting
from reliakit.stores import sqlite_documents as documents
from reliakit.stores.protocol import Documents, Entry, Receipt, Report, Scope, StoreError, Totals, Write
from reliakit.stores.sqlite_connection import Connected
from reliakit.stores.sqlite_thread import OwnThread

__all__ = ["SQLiteStore"]

T = TypeVar("T")
_Line = tuple[OwnThread, Connected]
_Lines = dict[asyncio.AbstractEventLoop, _Line]
_POLL = 0.1
_FOR_LOCKS = 0.9
"""The part of the patience that locks may take; the rest is for the work itself."""


class SQLiteStore:
    """Keeps everything in a SQLite file with a write-ahead log, on a disk of this host.

    SQLite blocks, so every loop has one thread that does the work for it, in order. A call that is cancelled before
    its turn never happens; one that has begun is done to its end.

    Args:
        path: the file; it and its folder are made where they are missing, for their owner alone. It is copied with
            `sqlite3 FILE .backup COPY`, and put back together with its -wal and -shm, or without them where they have
            been deleted: SQLite would play a log that it finds into any file.
        now: the store's clock, in seconds since 1970-01-01 UTC; the same for all processes.
        timeout: seconds that a call may take.
    """

    scope: Scope = "host"

    def __init__(
        self, path: str | os.PathLike[str], now: Callable[[], float] = time.time, timeout: float = 2.0
    ) -> None:
        self.path = Path(os.path.abspath(path))
        self.name = str(self.path)
        self._now, self._timeout, self._process = now, timeout, os.getpid()
        self._lines: _Lines = {}
        self._revision: int | None = None
        weakref.finalize(self, _end, self._lines).atexit = False

    async def publish(self, report: Report) -> Receipt:
        receipt = await self._run(partial(counting.publish, now=self._now, report=report))
        self._revision = receipt.revision
        return receipt

    async def totals(self, prefix: str = "") -> Totals:
        return await self._run(partial(counting.totals, now=self._now, prefix=prefix))

    async def retire(self, worker: str, silent: float) -> bool:
        return await self._run(partial(counting.retire, now=self._now, worker=worker, silent=silent))

    async def absorb(self, prefix: str, into: str) -> None:
        await self._run(partial(counting.absorb, prefix=prefix, into=into))

    async def read(self, prefixes: Sequence[str]) -> Documents:
        found = await self._run(partial(documents.read, now=self._now, prefixes=prefixes))
        self._revision = found.revision
        return found

    async def commit(
        self, writes: Sequence[Write], events: Sequence[str] = (), head: int = 0, *, announce: bool = True
    ) -> bool:
        return await self._run(
            partial(documents.commit, writes=writes, events=events, head=head, announce=announce)
        )

    async def last(self) -> Entry | None:
        return await self._run(documents.last)

    async def journal(self, after: int = 0, limit: int = 1_000) -> Sequence[Entry]:
        return await self._run(partial(documents.journal, after=after, limit=limit))

    async def prune(self, before: int) -> None:
        await self._run(partial(documents.prune, before=before))

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        return await self._run(
            partial(documents.lease, now=self._now, name=name, holder=holder, seconds=seconds)
        )

    async def release(self, name: str, holder: str) -> None:
        await self._run(partial(documents.release, name=name, holder=holder))

    def changes(self) -> AsyncIterator[None]:
        """Looks ten times a second whether the revision is another one than this store last told.

        SQLite tells nobody of commits. `PRAGMA data_version` notices those of others, but not of this connection;
        the revision is one row in memory, no dearer to read, and rises for announced commits alone.
        """
        return self._since(self._revision)

    async def close(self) -> None:
        thread, _ = self._lines.pop(asyncio.get_running_loop(), (None, None))
        if thread is not None and self._process == os.getpid():
            thread.end()
            # Where the disk hangs, the thread is left to it.
            await asyncio.wait([asyncio.wrap_future(thread.ended)], timeout=self._timeout)

    async def _since(self, seen: int | None) -> AsyncIterator[None]:
        while True:
            found = await self._run(documents.revision)
            if found != seen:
                seen = found
                yield
            await asyncio.sleep(_POLL)

    async def _run(self, work: Callable[[Connection], T]) -> T:
        thread, connected = self._line()
        deadline = time.monotonic() + self._timeout * _FOR_LOCKS
        call = asyncio.wrap_future(thread.submit(lambda: connected.run(work, deadline)))
        try:
            async with asyncio.timeout(self._timeout):
                return await call
        except TimeoutError:
            raise StoreError(f"{self.name}: no answer for {self._timeout} s; look at the disk") from None

    def _line(self) -> _Line:
        """Returns the thread of the running loop in this process, and the connection that it uses."""
        if self._process != os.getpid():
            self._lines.clear()
            self._process = os.getpid()
        loop = asyncio.get_running_loop()
        if loop not in self._lines:
            # Loops that ended without a word, as those of `asyncio.run` do.
            _end({each: self._lines.pop(each) for each in list(self._lines) if each.is_closed()})
            connected = Connected(self.path, self._now)
            self._lines[loop] = (OwnThread(connected.close), connected)
        return self._lines[loop]


def _end(lines: _Lines) -> None:
    for thread, _ in lines.values():
        thread.end()
