"""Real workers over a real SQLite file, on a clock that moves when a test says so; a beat is done by hand."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Assignment
from reliakit.core.tally import Tallies, record
from reliakit.rollouts.events import Actor, Event, Happening
from reliakit.runtime.joining import join
from reliakit.runtime.keeper import Keeper
from reliakit.runtime.reconciler import append
from reliakit.sources.memory import MemorySource
from reliakit.stores.sqlite import SQLiteStore
from reliakit.testing import ManualClock

__all__ = ["NOW", "Worker", "happened", "note", "quick"]

NOW = 1_800_000_000.0
ADA = Actor("person", "ada", "ada", "laptop")


class Worker:
    """One worker. One that is not beaten any more is as good as killed."""

    def __init__(self, folder: Path, clock: ManualClock, definitions: Mapping[str, Any]) -> None:
        self.clock, self.tallies = clock, Tallies()
        self.store = SQLiteStore(folder / "reliakit.db", now=clock.time)
        self.keeper = Keeper(MemorySource(definitions), self.tallies, None, {}, clock)
        self.keeper.begin(accept_last_good=False)
        self.joined = join(self.store, self.keeper, self.tallies, lambda *asked: True, clock, None)

    async def beat(self, times: int = 1, seconds: float = 1.0) -> None:
        """Does what `Sharing` does, and lets a second pass."""
        for _ in range(times):
            await self.joined.fleet.flush()
            await self.joined.fleet.turn()
            for duty in self.joined.sharing.duties:
                await duty()
            self.clock.advance(seconds)

    def serve(self, slot: str, requests: int, errors: int = 0, rollout: str = "shop") -> None:
        """Counts requests of the present release."""
        number = self.joined.fleet.states[rollout].state.number
        row = self.tallies.numbers.of((rollout, slot, Assignment.SPLIT, number, ""))
        for index in range(requests):
            outcome = Outcome.ERROR if index < errors else Outcome.SUCCESS
            record(self.tallies.local.rows, row, outcome, 0.02)
            if outcome is Outcome.ERROR:
                self.tallies.failed.append((row, None, outcome))

    def die(self) -> None:
        """Ends what a killed process would end, and nothing else."""
        for leave in self.joined.sharing.leaving:
            leave()

    async def close(self) -> None:
        self.die()
        await asyncio.sleep(0)
        await self.store.close()


def happened(what: Happening, at: float, sentence: str = "it was seen") -> Event:
    """Returns an event of a rollout."""
    return Event(what, "shop", at, 3, "green", "2.4.1", None, None, 20.0, sentence, ADA)


async def note(worker: Worker, *whats: Happening, at: float | None = None) -> None:
    """Has the journal say that these happened."""
    moment = worker.clock.time() if at is None else at
    assert await append(worker.store, [happened(what, moment).to_record() for what in whats])


def quick(worker: Worker) -> None:
    """Takes chance out of the rests between attempts: they take all the time that they may."""
    for each in (worker.joined.notifier, worker.joined.gates, worker.joined.lookout):
        each.errands.chance = _Longest()


class _Longest(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return b
