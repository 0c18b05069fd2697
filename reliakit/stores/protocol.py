"""What a store has to do.

A store is deliberately dumb: documents with versions, a journal that only grows, sums of counters, and leases. All
meaning (states of rollouts, hashes of the journal, overrides that expire) is in the callers, so that every store
behaves alike and a new one is small.

`reliakit.testing.stores.StoreContract` is the contract in full.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from reliakit.errors import ReliakitError

__all__ = [
    "Document",
    "Documents",
    "Entry",
    "Receipt",
    "Report",
    "Scope",
    "Store",
    "StoreError",
    "Totals",
    "Worker",
    "Write",
]

Scope = Literal["process", "host", "fleet"]
"""Who shares a store: this process alone, the processes of this host, or whoever has its URL."""


class StoreError(ReliakitError):
    """A store can't do what was asked now; the message says what to look at. It may or may not have done it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker publishes.

    Attributes:
        worker: names one incarnation of one worker; never used again after a tombstone.
        sequence: rises with every report of the incarnation, so that one which arrives late is known as that.
        totals: series -> cumulative count since the incarnation began, of the series that changed since the last
            report that was accepted.
        marks: set -> members to add to it, each a small whole number: the bits of an incident bitmap.
        about: what the worker says of itself, as JSON.
    """

    worker: str
    sequence: int
    totals: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, frozenset[int]] = field(default_factory=dict)
    about: str = "{}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a worker is told when it publishes.

    Attributes:
        time: the store's clock, in seconds since 1970-01-01 UTC.
        revision: rises with every announced commit; a worker that knows it has nothing to read.
        accepted: False where the incarnation was retired: nothing was counted, and nothing of it ever will be.
        known: whether the store had a report of this incarnation before. Where it should have had one and had
            not, it has lost what it held, and the worker publishes everything again.
        sequence: of the last report of this incarnation that was counted, where it was refused: a report whose answer
            got lost may have been.
    """

    time: float
    revision: int
    accepted: bool = True
    known: bool = True
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A text and its version: a number that no earlier text under any key has had."""

    version: int
    text: str


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents of one moment by their keys, and the revision and the store's clock then."""

    revision: int
    time: float
    found: Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Write:
    """A document to be written, or deleted where `text` is None.

    Attributes:
        key: of letters, digits and `_.:/-`, 300 characters at most.
        text: the new text.
        expected: the version that it must have now; 0 for one that must not exist.
    """

    key: str
    text: str | None
    expected: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of the journal. Numbers start at 1 and have no gaps; old ones may have been pruned."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Worker:
    """A live incarnation: its last report, and when that came by the store's clock."""

    name: str
    about: str
    seen: float


@dataclass(frozen=True, slots=True)
class Totals:
    """What all workers have counted, dead ones included, read in one moment.

    Attributes:
        time: the store's clock.
        sums: series -> count.
        marks: set -> how many members it has.
        workers: those that are not retired.
    """

    time: float
    sums: Mapping[str, int]
    marks: Mapping[str, int]
    workers: tuple[Worker, ...]


class Store(Protocol):
    """A place that workers share.

    All methods run on an event loop that they must not block; any call may be cancelled, and leaves the store whole.
    They raise StoreError and nothing else where the store can't be used now, within `timeout` seconds of being
    called. An instance may be made before a process forks and is used on one loop after another: connections are
    opened when they are needed, by the process and the loop that need them.
    """

    @property
    def name(self) -> str:
        """Names the store to people; holds no password."""

    @property
    def scope(self) -> Scope:
        """Who shares it."""

    async def publish(self, report: Report) -> Receipt:
        """Takes a report. For each series the sum grows by what the worker's own total has grown.

        In one step: a retired incarnation is refused; a sequence that is not above the last one changes nothing
        (and is accepted: it has been counted). Marks are kept for three minutes at least after the last one was
        added to their set, and not for ever.
        """

    async def totals(self, prefix: str = "") -> Totals:
        """Returns the sums and marks whose names start with `prefix`, and the live workers, of one moment."""

    async def retire(self, worker: str, silent: float) -> bool:
        """Retires an incarnation that has not reported for `silent` seconds, by the store's clock.

        In one step: its share of the sums stays, its rows go, and a tombstone refuses it for a day at least. Tells
        whether it is retired now; one that the store has no report of and no tombstone for is not.
        """

    async def absorb(self, prefix: str, into: str) -> None:
        """Adds the sum of every series `prefix` + rest to the series `into` + rest, and drops the former, in one
        step. What workers publish of the former later counts from where it stood. `into` doesn't start with
        `prefix`."""

    async def read(self, prefixes: Sequence[str]) -> Documents:
        """Returns the documents whose keys start with one of the prefixes."""

    async def commit(
        self, writes: Sequence[Write], events: Sequence[str] = (), head: int = 0, *, announce: bool = True
    ) -> bool:
        """Writes documents and appends events, all or nothing.

        Args:
            writes: each with the version that its document must have.
            events: texts for the journal.
            head: the number of the last entry that the journal must have, where there are events; 0 where it must
                be empty and never have had any.
            announce: whether workers are to notice: the revision rises, and `changes` yields.

        Returns:
            False where a version or the head is another one: nothing has changed.
        """

    async def last(self) -> Entry | None:
        """Returns the last entry of the journal, also where it has been pruned; None where there never was any."""

    async def journal(self, after: int = 0, limit: int = 1_000) -> Sequence[Entry]:
        """Returns entries with numbers above `after`, ascending, `limit` at most."""

    async def prune(self, before: int) -> None:
        """Drops journal entries with numbers below `before`; the last entry always stays."""

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Takes or renews a lease; tells whether `holder` has it now, for so many seconds of the store's clock."""

    async def release(self, name: str, holder: str) -> None:
        """Gives a lease back, where `holder` has it."""

    def changes(self) -> AsyncIterator[None]:
        """Yields soon after announced commits, where the store can push; never ends by itself.

        Pushes may be lost, and there may be more of them than commits. A store that can't push waits for ever.
        """

    async def close(self) -> None:
        """Ends the connections of the running loop. The store can be used again."""
