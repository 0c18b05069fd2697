"""Workers that look at the same regions over one store, second by second, on a clock that moves when a test says so."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from reliakit.core.acting import Actor
from reliakit.definitions.recovery_models import RecoverySection
from reliakit.failover.distribution import Admission
from reliakit.failover.recovery.phases import Phase
from reliakit.failover.recovery.state import RecoveryState
from reliakit.runtime.journal import read_entry
from reliakit.runtime.notices import Notices
from reliakit.runtime.recovery.copies import LastRegions
from reliakit.runtime.recovery.place import Place
from reliakit.runtime.recovery.recoveries import Recoveries
from reliakit.runtime.remotes.regions import RegionCounts
from reliakit.runtime.sighting import About
from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import Report, StoreError
from reliakit.testing import ManualClock

__all__ = ["Cut", "Regional", "Stage", "Worker", "section"]

NOW = 1_800_000_000.0


def section(**written: Any) -> RecoverySection:
    """Returns a warm standby with short times: eu is primary, us stands by."""
    plain = {
        "strategy": "warm_standby", "regions": ["eu", "us"], "rto": "20s", "detect": "5s", "hold": "20s", "bake": "2s",
        "drill": "5s",
    }  # fmt: skip
    return msgspec.convert(plain | written, RecoverySection)


class Cut:
    """A store that can be out of reach for one worker."""

    def __init__(self, store: MemoryStore) -> None:
        self._store, self.gone = store, False

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._store, name)
        if not (self.gone and asyncio.iscoroutinefunction(held)):
            return held

        async def refused(*asked: Any, **named: Any) -> None:
            raise StoreError("it is out of reach")

        return refused


@dataclass
class Regional:
    """An upstream of one worker: ten requests a second, sent where it may, and answered by regions that are up.

    Attributes:
        up: region -> whether its endpoints are, as this worker sees it.
    """

    up: dict[str, bool]
    clock: ManualClock
    admission: Admission | None = None
    rps: int = 40

    def admit(self, admission: Admission | None) -> None:
        self.admission = admission

    @property
    def shares(self) -> dict[str, float]:
        """What each region gets."""
        found = dict.fromkeys(self.up, 0.0)
        for share, regions in self.admission or ((1.0, frozenset(self.up)),):
            for region in regions:
                found[region] += share / len(regions)
        return found

    def regions(self) -> Mapping[str, RegionCounts] | None:
        now = self.clock.monotonic()
        found = {}
        for region, share in self.shares.items():
            up, requests = self.up[region], round(self.rps * share)
            good, failed = (requests, 0) if up else (0, requests)
            found[region] = RegionCounts(
                2 * up, 2, good, failed, now if good else None, now if failed else None
            )
        return found


@dataclass
class Worker:
    """One process."""

    name: str
    clock: ManualClock
    store: Cut
    sections: dict[str, RecoverySection]
    folder: Path
    state: Path | None = None
    shop: Regional = field(init=False)

    def __post_init__(self) -> None:
        up = {region: True for section in self.sections.values() for region in section.regions}
        self.shop, self.sequence = Regional(up, self.clock), 0
        self.notices = Notices(self.store)
        place = Place(
            self.store,
            lambda: self.sections,
            lambda name: self.shop,
            lambda: self.name,
            lambda: Actor("worker", self.name, host="here"),
            self.clock.time,
            self.clock,
            lambda: self.store.gone,
            self.notices.put,
            self.folder,
        )
        self.recoveries = Recoveries(place, LastRegions(self.state, "memory"))
        self.recoveries.standing.recall()

    @property
    def at(self) -> RecoveryState:
        return self.recoveries.standing.of("shop")

    async def second(self) -> None:
        """What the engine does once a second."""
        self.sequence += 1
        if not self.store.gone:
            about = msgspec.json.encode(About(regions=self.recoveries.told())).decode()
            await self.store.publish(Report(self.name, self.sequence, about=about))
            await self.notices.post()
        await self.recoveries.look()


class Stage:
    """All of them.

    Args:
        folder: for hooks and copies.
        workers: how many there are.
        written: of the section `recovery`.
    """

    def __init__(self, folder: Path, workers: int = 3, **written: Any) -> None:
        self.clock, self.folder = ManualClock(time=NOW), folder
        self.store = MemoryStore(self.clock.time)
        self.sections = {"shop": section(**written)}
        self.workers = [self.worker(f"w{number}") for number in range(workers)]

    def worker(self, name: str) -> Worker:
        """Returns one more, of the same host."""
        return Worker(
            name, self.clock, Cut(self.store.sibling()), self.sections, self.folder, self.folder / "state"
        )

    async def seconds(self, count: int = 1, hooks: bool = True) -> None:
        """Lets seconds pass; hooks and probes that were begun end within each."""
        for _ in range(count):
            self.clock.advance(1)
            for worker in self.workers:
                await worker.second()
            if hooks:
                await self.settled()

    async def settled(self) -> None:
        """Waits for what runs beside, in real time and with a bound."""
        for _ in range(500):
            errands = [each for worker in self.workers for each in worker.recoveries.probes._errands.values()]
            if all(worker.recoveries.hooks.idle for worker in self.workers) and all(
                each.idle for each in errands
            ):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("a hook does not end")

    async def until(self, holds: Callable[[], bool], most: int = 120) -> None:
        """Lets seconds pass until it is so."""
        for _ in range(most):
            if holds():
                return
            await self.seconds()
        raise AssertionError(self.workers[0].at)

    async def phase(self, phase: Phase, most: int = 120) -> None:
        """Lets seconds pass until all are there."""
        await self.until(lambda: all(worker.at.phase is phase for worker in self.workers), most)

    def lose(self, region: str, up: bool = False) -> None:
        """Takes a region away for all, or brings it back."""
        for worker in self.workers:
            worker.shop.up[region] = up

    @property
    def where(self) -> list[dict[str, float]]:
        """What each worker sends to each region."""
        return [worker.shop.shares for worker in self.workers]

    async def journal(self) -> list[dict[str, Any]]:
        """The events so far."""
        return [read_entry(entry.text).event for entry in await self.store.journal()]

    async def whats(self, actor: str = "rule") -> list[str]:
        """The kinds of events that rules, or workers, have brought about."""
        return [event["what"] for event in await self.journal() if event["actor"][0] == actor]

    def cut(self, gone: bool = True, *workers: Worker) -> None:
        """Puts the store out of reach, or back."""
        for worker in workers or self.workers:
            worker.store.gone = gone

    def runs(self) -> list[dict[str, str]]:
        """What the hook of `hook` was asked for."""
        file = self.folder / "runs"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def close(self) -> None:
        for worker in self.workers:
            worker.recoveries.leave()
