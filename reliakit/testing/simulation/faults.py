"""What goes wrong between a worker and the store: a store that fails, lies and answers late, over one that does not."""

import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol, TypeVar

from reliakit.stores.protocol import (
    Documents,
    Entry,
    Receipt,
    Report,
    Scope,
    Store,
    StoreError,
    Totals,
    Write,
)
from reliakit.testing.simulation.grounds import Ground
from reliakit.testing.simulation.schedule import Schedule, wait

__all__ = ["STALE", "Faults", "FaultyStore", "Network", "Observer"]

T = TypeVar("T")
STALE = 4.0
"""Seconds by which an answer may be out of date."""
_PATIENCE = 2.0
"""Seconds after which a store gives up by itself."""
_LONGEST = 90.0


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong, as the probability for one operation.

    Attributes:
        refused: it fails before it was done.
        unanswered: it is done, and the answer gets lost.
        late: it is done when the caller has long given up.
        twice: a report arrives a second time, later.
        stale: the answer to a question is a few seconds old.
        slow: it takes seconds.
        lag: seconds that a message is on its way, on average.
    """

    refused: float = 0.0
    unanswered: float = 0.0
    late: float = 0.0
    twice: float = 0.0
    stale: float = 0.0
    slow: float = 0.0
    lag: float = 0.01


class Observer(Protocol):
    """Who is told of what reached the store."""

    def sent(self, report: Report) -> None:
        """A report was sent, for the first time or again."""

    def published(self, report: Report, receipt: Receipt) -> None:
        """A report was taken or refused."""

    def retired(self, worker: str) -> None:
        """An incarnation was taken for dead, now or before."""

    def absorbed(self, prefix: str, into: str) -> None:
        """The counts of a release were merged into others."""

    def committed(self) -> None:
        """Documents or the journal have changed."""


@dataclass(slots=True)
class Network:
    """What lies between the workers and the store.

    Attributes:
        down: True while nobody reaches the store.
    """

    schedule: Schedule
    ground: Ground
    chance: random.Random
    faults: Faults
    observer: Observer
    announced: Callable[[], None] = lambda: None
    down: bool = False
    earlier: dict[str, deque[tuple[float, Any]]] = field(default_factory=dict)

    def happens(self, probability: float) -> bool:
        """Draws whether something goes wrong this time."""
        return probability > 0 and self.chance.random() < probability

    def way(self) -> float:
        """Draws how long a message is on its way."""
        if self.happens(self.faults.slow):
            return self.chance.uniform(0.5, 4.0)
        return self.chance.expovariate(1 / self.faults.lag)

    def old(self, question: str) -> Any | None:
        """Returns an answer that was right a moment ago, where there is one."""
        known = self.earlier.get(question, ())
        answers = [answer for at, answer in known if self.schedule.now - at <= STALE]
        return self.chance.choice(answers) if answers else None

    def remember(self, question: str, answer: Any) -> None:
        """Keeps an answer, which may be given again too late."""
        self.earlier.setdefault(question, deque(maxlen=8)).append((self.schedule.now, answer))


@dataclass(slots=True)
class FaultyStore:
    """A store as one worker reaches it. Every operation is a moment at which others may go first: before it is done,
    and before its answer is there.

    Attributes:
        cut: True while this worker alone does not reach the store.
        deadline: when the worker gives up the present call.
        reporting, answered: told before a report is sent, and when its answer is there.
    """

    network: Network
    scope: Scope = "fleet"
    name: str = "the simulated store"
    cut: bool = False
    deadline: float = inf
    reporting: Callable[[Report], None] = lambda report: None
    answered: Callable[[Receipt], None] = lambda receipt: None

    async def publish(self, report: Report) -> Receipt:
        network = self.network

        def act() -> Receipt:
            receipt = network.ground.do(network.ground.store.publish(report))
            network.observer.published(report, receipt)
            return receipt

        if network.happens(network.faults.twice):
            network.schedule.at(network.chance.uniform(0.1, _LONGEST), act)
        self.reporting(report)
        network.observer.sent(report)
        receipt = await self._done(act)
        self.answered(receipt)
        return receipt

    async def totals(self, prefix: str = "") -> Totals:
        return await self._asked(f"totals {prefix}", lambda store: store.totals(prefix))

    async def retire(self, worker: str, silent: float) -> bool:
        def act() -> bool:
            retired = self._do(lambda store: store.retire(worker, silent))
            if retired:
                self.network.observer.retired(worker)
            return retired

        return await self._done(act)

    async def absorb(self, prefix: str, into: str) -> None:
        def act() -> None:
            self._do(lambda store: store.absorb(prefix, into))
            self.network.observer.absorbed(prefix, into)

        await self._done(act)

    async def read(self, prefixes: Sequence[str]) -> Documents:
        return await self._asked(f"read {tuple(prefixes)}", lambda store: store.read(prefixes))

    async def commit(
        self, writes: Sequence[Write], events: Sequence[str] = (), head: int = 0, *, announce: bool = True
    ) -> bool:
        def act() -> bool:
            wrote = self._do(lambda store: store.commit(writes, events, head, announce=announce))
            if wrote:
                self.network.observer.committed()
            if wrote and announce:
                self.network.announced()
            return wrote

        return await self._done(act)

    async def last(self) -> Entry | None:
        return await self._asked("last", lambda store: store.last())

    async def journal(self, after: int = 0, limit: int = 1_000) -> Sequence[Entry]:
        return await self._asked(f"journal {after} {limit}", lambda store: store.journal(after, limit))

    async def prune(self, before: int) -> None:
        await self._done(lambda: self._do(lambda store: store.prune(before)))

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        return await self._done(lambda: self._do(lambda store: store.lease(name, holder, seconds)))

    async def release(self, name: str, holder: str) -> None:
        await self._done(lambda: self._do(lambda store: store.release(name, holder)))

    def changes(self) -> AsyncIterator[None]:
        raise NotImplementedError("the simulation wakes workers by itself")

    async def close(self) -> None:
        pass

    def _do(self, call: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        return self.network.ground.do(call(self.network.ground.store))

    async def _asked(self, question: str, call: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        def act() -> T:
            network = self.network
            if network.happens(network.faults.stale) and (old := network.old(question)) is not None:
                answer: T = old
                return answer
            answer = self._do(call)
            network.remember(question, answer)
            return answer

        return await self._done(act)

    async def _done(self, act: Callable[[], T]) -> T:
        network, faults = self.network, self.network.faults
        if network.happens(faults.late):
            network.schedule.at(network.chance.uniform(0.5, _LONGEST), act)
            await wait(_PATIENCE)
            raise StoreError(f"{self.name} did not answer in time")
        await self._wait(network.way())
        if network.down or self.cut or network.happens(faults.refused):
            await wait(network.chance.choice((0.0, _PATIENCE)))
            raise StoreError(f"{self.name} can't be reached")
        answer = act()
        await self._wait(network.way())
        if network.happens(faults.unanswered):
            raise StoreError(f"{self.name} went away before it answered")
        return answer

    async def _wait(self, seconds: float) -> None:
        await wait(min(seconds, max(0.0, self.deadline - self.network.schedule.now)))
        if self.network.schedule.now >= self.deadline:
            raise TimeoutError(f"{self.name} did not answer in time")
