"""States that one worker decides about for all: read, written where nobody was faster, and journalled with that.

Safety needs no leader: a state is written only where it still is what was decided about. The lease saves work.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from reliakit.failover.records import Record
from reliakit.runtime.documents import decoded
from reliakit.runtime.journal import chained
from reliakit.runtime.reconciler import LEASE
from reliakit.stores.protocol import Document, Store, Write

__all__ = ["Controlled", "Held"]

S = TypeVar("S")
_RARELY = 3
"""Turns between attempts to get a lease that somebody else has."""


@dataclass(frozen=True, slots=True)
class Held(Generic[S]):
    """A state as it was read, and the version of its document; 0 where nobody has written it yet."""

    state: S
    version: int = 0


class Controlled(Generic[S]):
    """The states of one kind of controller.

    Args:
        store: what the workers share.
        kind: names the lease, and with a slash begins the keys of the documents; a name follows, as that of an upstream.
        read: makes a state of its record; raises ValueError where that was written by a version it can't read.

    Attributes:
        leads: whether this worker had the lease at its last turn.
    """

    def __init__(self, store: Store, kind: str, read: Callable[[Mapping[str, Any]], S]) -> None:
        self._store, self._kind, self._read = store, kind, read
        self.prefix = f"{kind}/"
        self.leads = False
        self._turns = 0

    async def lead(self, worker: str, wanted: bool = True) -> bool:
        """Takes or renews the lease, or gives it back where it is not wanted; tells whether this worker decides now.

        Raises:
            StoreError: the store can't be used now.
        """
        self._turns += 1
        if not wanted:
            await self.step_down(worker)
        elif self.leads or self._turns % _RARELY == 1:
            self.leads = await self._store.lease(self._kind, worker, LEASE)
        return self.leads

    async def step_down(self, worker: str) -> None:
        """Gives the lease back, so that the next one need not wait for its end; raises StoreError."""
        if self.leads:
            self.leads = False
            await self._store.release(self._kind, worker)

    async def load(self) -> dict[str, Held[S]]:
        """Returns the states by name.

        Raises:
            StoreError: the store can't be used now.
            ValueError: a state was written by a version that this one can't read.
        """
        return self.among((await self._store.read((self.prefix,))).found)

    def among(self, found: Mapping[str, Document]) -> dict[str, Held[S]]:
        """Returns the states among documents, by name; raises ValueError as `load` does."""
        return {
            key.removeprefix(self.prefix): Held(self._read(decoded(document)), document.version)
            for key, document in found.items()
            if key.startswith(self.prefix)
        }

    async def commit(
        self, name: str, version: int, record: Record, events: Iterable[Record] = (), *, news: bool = True
    ) -> bool:
        """Writes a state and its events, all or nothing; tells whether nobody else was faster.

        Args:
            name: whose it is.
            version: of the document as it was read; 0 for one that does not exist.
            record: of the state that follows.
            events: for the journal.
            news: whether other workers have to know soon.

        Raises:
            StoreError: the store can't be used now; it may or may not have been written.
        """
        happened = tuple(events)
        last = await self._store.last() if happened else None
        texts = chained(last, happened)
        write = Write(self.prefix + name, msgspec.json.encode(record).decode(), version)
        return await self._store.commit([write], texts, last.number if last else 0, announce=news)
