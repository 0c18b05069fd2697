"""Workers: the real code of a fleet's member in a process that can be frozen, cut off and killed."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from reliakit.core.rollouts import Rollout, Split
from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_rollouts
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.runtime.documents import Pin, Versioned
from reliakit.runtime.fleet import Fleet
from reliakit.runtime.keeper import Shared
from reliakit.runtime.publishing import Publisher
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.runtime.sighting import About
from reliakit.stores.protocol import StoreError
from reliakit.testing.simulation.clocks import Wrong
from reliakit.testing.simulation.definitions import ROLLOUT, SLOTS, Edition
from reliakit.testing.simulation.faults import FaultyStore
from reliakit.testing.simulation.schedule import Schedule, Task, wait
from reliakit.testing.simulation.served import Life

__all__ = ["Process", "Seat", "Watched"]

_WITHIN = 5.0
"""Seconds that a worker gives a call, as the engine does."""


class Watched:
    """What a worker tells whoever watches it; nothing, by default."""

    def flushed(self, process: "Process", began: float) -> None:
        """It has published, and has taken in what the others decided."""

    def failed(self, process: "Process", what: str, why: Exception) -> None:
        """Something that it asked of the store failed."""

    def told(self, process: "Process", line: str) -> None:
        """Something for the trace."""


@dataclass(slots=True)
class Seat:
    """The place of a worker: what outlives its processes.

    Attributes:
        clock: of the machine.
        store: as this place reaches it.
        edition: what is on its disk.
        remembers: whether its disk keeps what it has last seen.
    """

    number: int
    clock: Wrong
    store: FaultyStore
    edition: Edition
    remembers: bool = True
    seen: tuple[Mapping[str, Versioned], Mapping[str, Pin]] = field(default_factory=lambda: ({}, {}))
    process: "Process | None" = None
    lives: int = 0


class Process:
    """One life of a worker."""

    def __init__(self, seat: Seat, schedule: Schedule, seed: str, period: float, watched: Watched) -> None:
        self.seat, self._schedule, self._period, self._watched = seat, schedule, period, watched
        self.edition, self.life, self.tallies = seat.edition, Life(), Tallies()
        self.name = f"w{seat.number}.{seat.lives}"
        chance = random.Random(f"{seed} {self.name}")  # noqa: S311 - luck, not a secret
        self.publisher = Publisher(self.tallies, self._incarnation, chance)
        self.reconciler = Reconciler(seat.store, self.definitions, Known())
        self.fleet = Fleet(
            seat.store,
            self.publisher,
            self.reconciler,
            self.definitions,
            self._about,
            self._share,
            seat.clock,
        )
        self.trouble = schedule.now
        """When something last went wrong between this worker and the store."""
        self.staleness = 0.0
        """Seconds by which an answer of the store may be out of date."""
        self.tasks: list[Task] = []
        self._resting = False
        self.splits: Mapping[str, Split] = {}
        self.rollouts: Mapping[str, Rollout] = {}
        self.reload(seat.edition)

    def reload(self, edition: Edition) -> None:
        """Reads another edition of the definitions."""
        self.edition = edition
        self._compile()

    def definitions(self) -> Mapping[str, RolloutDefinition]:
        """Returns what this worker has read."""
        return {ROLLOUT: self.edition.rollout}

    @property
    def split(self) -> Split:
        """What is in force here."""
        return self.splits.get(ROLLOUT) or Split(self.edition.rollout.initial, 0.0)

    async def run(self) -> None:
        """Lives until it is killed."""
        if self.seat.remembers:
            self.fleet.recall(*self.seat.seen)
        while True:
            await self._beat()
            await self._rest()

    async def _rest(self) -> None:
        until = self._schedule.now + self._period
        while (left := until - self._schedule.now) > 0:
            self._resting = True
            pushed = await wait(left)
            self._resting = False
            if pushed:
                await self._tried(self.fleet.refresh)

    def push(self) -> None:
        """The store says that something has changed; one who is busy notices it anyway."""
        if self._resting:
            self._schedule.wake(self.tasks[0])

    async def _beat(self) -> None:
        began = self._schedule.now
        flushed = await self._tried(self.fleet.flush)
        self.fleet.apply()
        if newly := self.fleet.judge_alone():
            self._watched.told(self, f"stops sending to the canary of {', '.join(newly)} by itself")
            await self._tried(self.fleet.count_live)
        if flushed:
            self._watched.flushed(self, began)
            await self._tried(self.fleet.turn)
            self.seat.seen = dict(self.fleet.states), dict(self.fleet.pins)

    async def _tried(self, call: Callable[[], Awaitable[object]]) -> bool:
        self.seat.store.deadline = self._schedule.now + _WITHIN
        try:
            await call()
        except (StoreError, TimeoutError) as failed:
            self.trouble = self._schedule.now
            self._watched.failed(self, call.__name__, failed)
            return False
        return True

    def _incarnation(self) -> str:
        self.life.names.append(f"{self.name}.{len(self.life.names)}")
        return self.life.names[-1]

    def _about(self) -> About:
        meaning = self.edition.rollout.meaning
        return About(
            host=f"host{self.seat.number}", meanings={ROLLOUT: meaning}, ready={ROLLOUT: list(SLOTS)}
        )

    def _share(self, shared: Shared) -> None:
        if shared.splits != self.splits:
            self.splits = shared.splits
            self._compile()

    def _compile(self) -> None:
        self.rollouts = compile_rollouts(self.edition.definitions, self.tallies, self.splits)
