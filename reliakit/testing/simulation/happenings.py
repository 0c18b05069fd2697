"""What happens to the fleet from outside: each of them is a task of its own."""

import random
from collections.abc import Iterator
from typing import Protocol

from reliakit.rollouts.events import Actor
from reliakit.rollouts.orders import Order, Orders, obey
from reliakit.rollouts.phases import Refused
from reliakit.runtime.documents import EVIDENCE, ROLLOUT, states_in
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.stores.protocol import StoreError
from reliakit.testing.simulation.clocks import Wrong
from reliakit.testing.simulation.definitions import ROLLOUT as NAME
from reliakit.testing.simulation.definitions import SLOTS, Edition
from reliakit.testing.simulation.faults import FaultyStore
from reliakit.testing.simulation.schedule import wait
from reliakit.testing.simulation.workers import Seat

__all__ = ["People", "crashes", "cuts", "deploys", "jumps", "outages", "stalls"]

ADA = Actor("person", "ada", "ada", "laptop")
_TRIES = 3


class Host(Protocol):
    """What they act on."""

    chance: random.Random
    seats: list[Seat]
    clock: Wrong

    def say(self, line: str) -> None: ...

    def kill(self, seat: Seat) -> None: ...

    def start(self, seat: Seat) -> None: ...

    def freeze(self, seat: Seat, seconds: float) -> None: ...

    def switch(self, down: bool) -> None: ...

    def jump(self, clock: Wrong, seconds: float) -> None: ...


async def crashes(host: Host, mean: float) -> None:
    """Kills workers at any instruction, and starts others in their places."""
    while True:
        await wait(host.chance.expovariate(1 / mean))
        seat = host.chance.choice(host.seats)
        if seat.process is not None:
            host.kill(seat)
            await wait(host.chance.choice((0.2, 3.0, 12.0)))
            host.start(seat)


async def stalls(host: Host, mean: float) -> None:
    """Freezes workers, some for longer than it takes to be thought dead."""
    while True:
        await wait(host.chance.expovariate(1 / mean))
        host.freeze(host.chance.choice(host.seats), host.chance.choice((3.0, 20.0, 80.0, 100.0)))


async def cuts(host: Host, mean: float) -> None:
    """Cuts single workers off from the store, while they go on serving."""
    while True:
        await wait(host.chance.expovariate(1 / mean))
        seat = host.chance.choice(host.seats)
        host.say(f"w{seat.number} is cut off")
        seat.store.cut = True
        await wait(host.chance.choice((3.0, 20.0, 75.0)))
        seat.store.cut = False


async def outages(host: Host, mean: float) -> None:
    """Takes the store away from everybody."""
    while True:
        await wait(host.chance.expovariate(1 / mean))
        host.switch(True)
        await wait(host.chance.choice((2.0, 10.0, 30.0)))
        host.switch(False)


async def jumps(host: Host, mean: float) -> None:
    """Sets clocks: that of the store, and those of workers."""
    while True:
        await wait(host.chance.expovariate(1 / mean))
        clock = host.chance.choice([host.clock, host.clock, *(seat.clock for seat in host.seats)])
        host.jump(clock, host.chance.choice((-3_600.0, -30.0, -2.0, 2.0, 30.0, 90.0, 3_600.0, 86_400.0)))


async def deploys(host: Host, editions: list[Edition]) -> None:
    """Brings another edition to one worker after the other, by reloading it or by starting anew."""
    for edition in editions:
        await wait(host.chance.uniform(5, 25))
        for seat in host.chance.sample(host.seats, len(host.seats)):
            host.say(f"w{seat.number} is given the definition {edition.rollout.meaning}")
            seat.edition = edition
            if seat.process is not None and host.chance.random() < 0.5:
                seat.process.reload(edition)
            elif seat.process is not None:
                host.kill(seat)
                host.start(seat)
            await wait(host.chance.choice((0.1, 3.0, 15.0)))
        await wait(35)


class People:
    """Somebody with the command line, who thinks that they know better.

    Args:
        host: whose chance decides.
        store: as they reach it.
        mean: seconds between two orders.
    """

    def __init__(self, host: Host, store: FaultyStore, mean: float) -> None:
        self._host, self._store, self._mean = host, store, mean

    async def run(self) -> None:
        """Gives orders until the end."""
        while True:
            await wait(self._host.chance.expovariate(1 / self._mean))
            order = self._order()
            try:
                self._host.say(f"ada says {order.verb}: {await self._give(order)}")
            except (StoreError, Refused) as failed:
                self._host.say(f"ada says {order.verb}, which fails: {failed}")

    def _order(self) -> Order:
        chance = self._host.chance
        verb = chance.choice(list(Orders))
        full = chance.random() < 0.2
        return Order(verb, chance.choice(SLOTS), f"by-hand-{chance.randrange(100)}", full, "because")

    async def _give(self, order: Order) -> str:
        for edition in self._editions():
            reconciler = Reconciler(self._store, dict, Known())
            found = await self._store.read((ROLLOUT, EVIDENCE))
            before = states_in(found.found).get(NAME)
            if before is None:
                return "there is no release yet"
            decided = obey(edition.rollout, before.state, order, found.time, ADA)
            if await reconciler.commit(before, decided.state, decided.events):
                return "done"
        return "others were faster"

    def _editions(self) -> Iterator[Edition]:
        """The definition that lies on the disk where they are, once for each try."""
        for _ in range(_TRIES):
            yield self._host.chance.choice(self._host.seats).edition
