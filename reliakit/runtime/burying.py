"""Gives up workers that are dead, and tells the journal of each of them once."""

import logging

from reliakit.rollouts.records import Record, stamped
from reliakit.runtime.journal import chained, read_entry
from reliakit.runtime.sighting import about_of
from reliakit.stores.protocol import Entry, Store, Worker

__all__ = ["RETIRED", "WORKER_RETIRED", "Undertaker"]

_log = logging.getLogger("reliakit")
RETIRED = 60.0
"""Seconds without a report after which a worker is taken for dead."""
WORKER_RETIRED = "worker_retired"
"""The kind of a journal entry about a worker that was given up: its incarnation, its requests in flight, a sentence."""
_BACK = 500
"""Entries of the journal among which an earlier word about the same worker would be."""
_TRIES = 20


class Undertaker:
    """Retires workers, and remembers those of whom the journal does not know yet.

    Whoever is told that a worker is retired may not be the first one to be told: the store says so to everybody who
    asks, and an answer may get lost. So the journal itself is asked whether it knows, and nothing is written where it
    has changed since.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dying: dict[str, Record] = {}
        self._untold: dict[str, Record] = {}

    async def bury(self) -> None:
        """Retires workers that have not reported for so long that they must be dead; raises StoreError.

        One whose answer got lost is asked about again: the store lists no worker that it has retired. Those that
        died first come first, whatever the order in which the store lists them.
        """
        totals = await self._store.totals("-")
        for worker in sorted(totals.workers, key=lambda each: (each.seen, each.name)):
            if totals.time - worker.seen > RETIRED:
                self._dying[worker.name] = _record(worker, totals.time)
        for name, record in list(self._dying.items()):
            if await self._store.retire(name, RETIRED):
                self._untold[name] = record
            del self._dying[name]

    async def tell(self) -> None:
        """Journals what is not told yet; raises StoreError, and tries again the next time."""
        for worker, record in list(self._untold.items()):
            if await self._told(worker, record):
                _log.info("%s", record["sentence"])
                del self._untold[worker]

    async def _told(self, worker: str, record: Record) -> bool:
        for _ in range(_TRIES):
            last = await self._store.last()
            known = await self._store.journal(max(0, last.number - _BACK)) if last else ()
            if any(_is_of(each, worker) for each in known):
                return True
            head = known[-1] if known else None
            texts = chained(head, [record])
            if await self._store.commit((), texts, head.number if head else 0, announce=False):
                return True
        return False


def _is_of(entry: Entry, worker: str) -> bool:
    event = read_entry(entry.text).event
    return event.get("kind") == WORKER_RETIRED and event.get("worker") == worker


def _record(worker: Worker, at: float) -> Record:
    """What the journal says of a worker that was given up: its requests in flight belong to no slot."""
    about = about_of(worker)
    left = f"; it had {about.in_flight:,} requests in flight" if about.in_flight else ""
    sentence = f"worker {about.pid} on {about.host} has not reported for {RETIRED:g} s{left}"
    return stamped(WORKER_RETIRED, at=at, worker=worker.name, in_flight=about.in_flight, sentence=sentence)
