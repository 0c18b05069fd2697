"""A store that lives as long as the process: for tests, simulations and a kit that shares nothing."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TypeVar

from reliakit.stores.protocol import (
    Document,
    Documents,
    Entry,
    Receipt,
    Report,
    Scope,
    Totals,
    Worker,
    Write,
)

__all__ = ["MemoryStore"]

T = TypeVar("T")
_MARKS_STAY = 600.0
_TOMBSTONES_STAY = 2 * 86_400.0


class MemoryStore:
    """Keeps everything in dictionaries. `sibling` makes another store onto them, as another worker would have.

    None of its coroutines waits for anything but `changes`, so that a simulation can drive them by hand. It may be
    used from several threads. After a fork, parent and child have one each that know nothing of the other.

    Args:
        now: the store's clock, in seconds since 1970-01-01 UTC.
        name: how people are told of it.
    """

    scope: Scope = "process"

    def __init__(self, now: Callable[[], float] = time.time, name: str = "memory") -> None:
        self.name = name
        self._now, self._held = now, _Held()

    def sibling(self) -> "MemoryStore":
        """Returns another store that shares all that this one holds."""
        other = MemoryStore(self._now, self.name)
        other._held = self._held
        return other

    async def publish(self, report: Report) -> Receipt:
        with self._held.lock:
            held, now = self._held, self._now()
            if report.worker in held.tombstones:
                _, sequence = held.tombstones[report.worker]
                return Receipt(now, held.revision, accepted=False, sequence=sequence)
            receipt = Receipt(now, held.revision, known=report.worker in held.workers)
            held.count(report, now)
            return receipt

    async def totals(self, prefix: str = "") -> Totals:
        with self._held.lock:
            held, now = self._held, self._now()
            held.tidy(now)
            marks = {name: len(members) for name, members in _below(held.marks, prefix).items()}
            workers = tuple(Worker(name, each.about, each.seen) for name, each in held.workers.items())
            return Totals(now, _below(held.sums, prefix), marks, workers)

    async def retire(self, worker: str, silent: float) -> bool:
        with self._held.lock:
            held, now = self._held, self._now()
            held.tidy(now)
            if worker in held.workers and now - held.workers[worker].seen >= silent:
                held.tombstones[worker] = now, held.workers.pop(worker).sequence
            return worker in held.tombstones

    async def absorb(self, prefix: str, into: str) -> None:
        with self._held.lock:
            sums = self._held.sums
            for name, count in _below(sums, prefix).items():
                del sums[name]
                sums[into + name.removeprefix(prefix)] += count

    async def read(self, prefixes: Sequence[str]) -> Documents:
        with self._held.lock:
            held = self._held
            found = {key: each for key, each in held.documents.items() if key.startswith(tuple(prefixes))}
            return Documents(held.revision, self._now(), found)

    async def commit(
        self, writes: Sequence[Write], events: Sequence[str] = (), head: int = 0, *, announce: bool = True
    ) -> bool:
        with self._held.lock:
            held = self._held
            if not held.fits(writes) or (events and head != held.head):
                return False
            held.write(writes, events)
            if announce:
                held.announce()
            return True

    async def last(self) -> Entry | None:
        with self._held.lock:
            return self._held.entries[-1] if self._held.entries else None

    async def journal(self, after: int = 0, limit: int = 1_000) -> Sequence[Entry]:
        with self._held.lock:
            entries = self._held.entries
            skipped = max(0, after + 1 - entries[0].number) if entries else 0
            return entries[skipped : skipped + limit]

    async def prune(self, before: int) -> None:
        with self._held.lock:
            entries = self._held.entries
            self._held.entries = [each for each in entries if each.number >= before] or entries[-1:]

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        with self._held.lock:
            leases, now = self._held.leases, self._now()
            has, since, until = leases.get(name, (holder, 0.0, 0.0))
            # One that has far more to go than it ever had was taken before the clock went back.
            if has != holder and 2 * since - until <= now < until:
                return False
            leases[name] = (holder, now, now + seconds)
            return True

    async def release(self, name: str, holder: str) -> None:
        with self._held.lock:
            if self._held.leases.get(name, ("", 0.0, 0.0))[0] == holder:
                del self._held.leases[name]

    def changes(self) -> AsyncIterator[None]:
        # The revision is taken now: the body of an asynchronous generator only starts when it is first waited for.
        return self._held.since(self._held.revision)

    async def close(self) -> None:
        pass


class _Incarnation:
    """What is known of a live worker."""

    __slots__ = ("about", "counts", "seen", "sequence")

    def __init__(self) -> None:
        self.about, self.seen = "{}", 0.0
        self.sequence = -1
        self.counts: defaultdict[str, int] = defaultdict(int)


class _Held:
    """What siblings share; whoever calls it has the lock, but for `since`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.revision = self.version = 0
        self.sums: defaultdict[str, int] = defaultdict(int)
        self.marks: dict[str, set[int]] = {}
        self.marked: dict[str, float] = {}
        self.workers: dict[str, _Incarnation] = {}
        self.tombstones: dict[str, tuple[float, int]] = {}
        self.documents: dict[str, Document] = {}
        self.entries: list[Entry] = []
        self.leases: dict[str, tuple[str, float, float]] = {}
        self.waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    @property
    def head(self) -> int:
        return self.entries[-1].number if self.entries else 0

    def count(self, report: Report, now: float) -> None:
        worker = self.workers.setdefault(report.worker, _Incarnation())
        if report.sequence <= worker.sequence:
            return
        worker.sequence, worker.seen, worker.about = report.sequence, now, report.about
        for series, total in report.totals.items():
            self.sums[series] += total - worker.counts[series]
            worker.counts[series] = total
        self.tidy(now)
        for name, members in report.marks.items():
            self.marks.setdefault(name, set()).update(members)
            self.marked[name] = now

    def tidy(self, now: float) -> None:
        for name in [name for name, at in self.marked.items() if now - at > _MARKS_STAY]:
            del self.marked[name], self.marks[name]
        for worker in [worker for worker, (at, _) in self.tombstones.items() if now - at > _TOMBSTONES_STAY]:
            del self.tombstones[worker]

    def fits(self, writes: Sequence[Write]) -> bool:
        missing = Document(0, "")
        return all(self.documents.get(write.key, missing).version == write.expected for write in writes)

    def write(self, writes: Sequence[Write], events: Sequence[str]) -> None:
        for write in writes:
            self.version += 1
            self.documents.pop(write.key, None)
            if write.text is not None:
                self.documents[write.key] = Document(self.version, write.text)
        self.entries = [*self.entries, *(Entry(n, text) for n, text in enumerate(events, self.head + 1))]

    def announce(self) -> None:
        self.revision += 1
        for loop, changed in self.waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

    async def since(self, seen: int) -> AsyncIterator[None]:
        changed = asyncio.Event()
        place = (asyncio.get_running_loop(), changed)
        with self.lock:
            self.waiting.append(place)
        try:
            while True:
                while seen == self.revision:
                    await changed.wait()
                    changed.clear()
                seen = self.revision
                yield
        finally:
            with self.lock:
                self.waiting.remove(place)


def _below(named: Mapping[str, T], prefix: str) -> dict[str, T]:
    return {name: each for name, each in named.items() if name.startswith(prefix)}
