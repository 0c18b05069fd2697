"""Puts a fleet, its store, its traffic and its misfortunes together, and runs them."""

import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from reliakit.rollouts.phases import Phase
from reliakit.testing.simulation import happenings
from reliakit.testing.simulation.clocks import Wrong
from reliakit.testing.simulation.definitions import ROLLOUT, Edition, edition
from reliakit.testing.simulation.faults import STALE, Faults, FaultyStore, Network
from reliakit.testing.simulation.grounds import Ground, InMemory
from reliakit.testing.simulation.happenings import People
from reliakit.testing.simulation.scenarios import SCENARIOS, Setting
from reliakit.testing.simulation.schedule import Schedule, wait
from reliakit.testing.simulation.served import Ledger
from reliakit.testing.simulation.traffic import Traffic
from reliakit.testing.simulation.watching import Broken, Watch
from reliakit.testing.simulation.workers import Process, Seat

__all__ = ["Result", "Simulation", "simulate"]

_QUIET = 30.0
"""Seconds at the end in which everything works."""
_SLICE = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a simulation.

    Attributes:
        seed, scenario: what it was.
        setting: drawn from them.
        phase: of the last release at the end; None where there was none.
        releases: how many were started.
        happened: kinds of events of the journal, in order.
        requests: how many were served.
        digest: SHA-256 over everything that was journalled.
    """

    seed: int
    scenario: str
    setting: Setting
    phase: Phase | None
    releases: int
    happened: tuple[str, ...]
    requests: int
    digest: str


def simulate(
    seed: int,
    scenario: str = "mayhem",
    ground: Callable[[Callable[[], float]], Ground] = InMemory,
    trace: Callable[[str], None] = lambda line: None,
) -> Result:
    """Simulates one fleet from the start of a release to a quiet end.

    Args:
        seed: decides everything.
        scenario: one of SCENARIOS.
        ground: makes the place of the shared state, given the store's clock.
        trace: takes a line for whatever happens.

    Raises:
        Broken: something is not true that always has to be.
    """
    setting = SCENARIOS[scenario](random.Random(f"{seed} {scenario}"))  # noqa: S311 - luck, not a secret
    simulation = Simulation(f"{seed} {scenario}", setting, ground, trace)
    try:
        simulation.run()
    except Broken:
        raise
    except Exception as fault:
        raise Broken(f"something raised at {simulation.schedule.now:.3f} s: {fault!r}") from fault
    finally:
        simulation.close()
    watch, texts = simulation.watch, "\n".join(simulation.watch.texts)
    state = watch.standing.state if watch.standing else None
    return Result(
        seed,
        scenario,
        setting,
        state.phase if state else None,
        state.number if state else 0,
        tuple(event.what.value for event in watch.events),
        sum(simulation.ledger.served.values()),
        sha256(texts.encode()).hexdigest(),
    )


class Simulation:
    """One fleet, from its start."""

    def __init__(
        self,
        name: str,
        setting: Setting,
        ground: Callable[[Callable[[], float]], Ground],
        trace: Callable[[str], None],
    ) -> None:
        self.name, self.setting = name, setting
        self.chance, order, traffic, network = (
            random.Random(f"{name} {what}")  # noqa: S311 - luck, not a secret
            for what in ("happenings", "order", "traffic", "network")
        )
        self.schedule, self.ledger = Schedule(order), Ledger(ROLLOUT)
        self.clock = self._machine()
        self.ground = ground(self.clock.time)
        first = edition(setting.ladder, "2")
        self.editions = [first, *(self._edition(first, each, at) for at, each in enumerate(setting.edits))]
        definitions = {each.rollout.meaning: each.rollout for each in self.editions}
        self.watch = Watch(self.schedule, self.clock.time, self.ground, self.ledger, definitions, trace)
        self.network = Network(
            self.schedule, self.ground, network, setting.faults, self.watch, self._announced
        )
        self.traffic = Traffic(traffic, setting.conditions, self.ledger, "green")
        self.seats = [self._seat(number, first) for number in range(setting.workers)]
        self.say(str(setting))

    def _edition(self, first: Edition, ladder: str, at: int) -> Edition:
        """Another ladder for the same release; or another version of the first one, every other time."""
        if not ladder:
            return first
        return edition(ladder, "2" if at or self.chance.random() < 0.5 else "3", 16)

    def _machine(self) -> Wrong:
        rate = 1 + self.chance.uniform(-1, 1) * self.setting.rates
        return Wrong(lambda: self.schedule.now, rate, self.chance.uniform(-1, 1) * 1_000 * self.setting.rates)

    def _seat(self, number: int, first: Edition) -> Seat:
        return Seat(number, self._machine(), FaultyStore(self.network), first, self.setting.remembers)

    def run(self) -> None:
        """Runs it to its end; raises Broken where something is wrong."""
        for seat in self.seats:
            self.schedule.at(self.chance.uniform(0, 2), lambda seat=seat: self.start(seat))  # type: ignore[misc]
        troubles = [self.schedule.spawn(task) for task in self._happenings()]
        if self.setting.amnesia:
            self.schedule.at(self.setting.amnesia, self._lose)
        while self.schedule.now < self.setting.seconds and not self._over():
            self.schedule.run(self.schedule.now + _SLICE)
        for task in troubles:
            self.schedule.end(task)
        self._mend()
        self.schedule.run(self.schedule.now + _QUIET)
        self.watch.settled([seat.process for seat in self.seats if seat.process])

    def _over(self) -> bool:
        """Whether nothing more is going to happen to the release."""
        setting, standing = self.setting, self.watch.standing
        more = setting.edits or setting.orders or setting.stalls or setting.amnesia > self.schedule.now
        return standing is not None and not standing.judged and not more

    def _happenings(self) -> Iterator[Coroutine[Any, Any, None]]:
        setting = self.setting
        for happening in ("crashes", "stalls", "cuts", "outages", "jumps"):
            if mean := getattr(setting, happening):
                yield getattr(happenings, happening)(self, mean)
        if self.editions[1:]:
            yield happenings.deploys(self, self.editions[1:])
        if setting.orders:
            yield People(self, FaultyStore(self.network), setting.orders).run()

    def _mend(self) -> None:
        self.network.faults, self.network.down = Faults(), False
        self.say("everything works again")
        for seat in self.seats:
            seat.store.cut = False
            if seat.process is None:
                self.start(seat)
            else:
                self._thaw(seat.process)

    def _thaw(self, process: Process) -> None:
        """Lets a process go on; from then on nothing excuses it for what it does not know."""
        process.trouble = min(process.trouble, self.schedule.now)
        for task in process.tasks:
            self.schedule.thaw(task)

    def close(self) -> None:
        """Ends everything."""
        self.schedule.stop()
        with suppress(Exception):  # it may be what has failed
            self.ground.close()

    def say(self, line: str) -> None:
        self.watch.say(line)

    def start(self, seat: Seat) -> None:
        """Starts a process."""
        seat.lives += 1
        process = seat.process = Process(seat, self.schedule, self.name, self.setting.period, self.watch)
        process.staleness = STALE if self.setting.faults.stale else 0.0
        seat.store.reporting, seat.store.answered = process.life.report, process.life.answered
        self.say(f"{process.name} starts")
        process.tasks = [self.schedule.spawn(process.run()), self.schedule.spawn(self._serve(process))]

    def kill(self, seat: Seat) -> None:
        """Kills a process, as SIGKILL does."""
        assert seat.process is not None
        self.say(f"{seat.process.name} is killed")
        process, seat.process = seat.process, None
        self.watch.interrupted = True
        for task in process.tasks:
            self.schedule.end(task)

    def freeze(self, seat: Seat, seconds: float) -> None:
        """Stops a process, as SIGSTOP does, until it is told to go on; one that is stopped already stays so as long as
        the longer of the two asks for."""
        if seat.process is not None:
            self.say(f"{seat.process.name} is frozen for {seconds:g} s")
            until = self.schedule.now + seconds
            seat.process.trouble = max(seat.process.trouble, until)
            for task in seat.process.tasks:
                task.frozen = max(task.frozen, until)

    def switch(self, down: bool) -> None:
        """Takes the store away, or brings it back."""
        self.say(f"the store {'has gone' if down else 'is back'}")
        self.network.down = down

    def jump(self, clock: Wrong, seconds: float) -> None:
        """Sets a clock."""
        self.say(f"the clock of {'the store' if clock is self.clock else 'a worker'} jumps by {seconds:g} s")
        clock.offset += seconds
        self.watch.jumps += clock is self.clock

    def _lose(self) -> None:
        self.ground.lose()
        self.watch.lost()
        for seat in self.seats:
            if seat.process is not None:
                seat.process.life.forgotten()

    def _announced(self) -> None:
        if self.setting.pushes:
            for seat in self.seats:
                if seat.process is not None and self.chance.random() < 0.8:
                    self.schedule.at(self.chance.uniform(0, 0.2), seat.process.push)

    async def _serve(self, process: Process) -> None:
        chance = random.Random(f"{self.name} serving {process.name}")  # noqa: S311 - luck, not a secret
        while True:
            seconds = chance.uniform(0.5, 1.5) * self.setting.period
            await wait(seconds)
            self.watch.serves(process)
            rollout, number = process.rollouts[ROLLOUT], process.split.number
            self.traffic.serve(process.tallies, process.life, rollout, number, self.schedule.now, seconds)
