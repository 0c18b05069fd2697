"""Workers that are dead are given up, once, and nobody who is only unheard of."""

import asyncio

from reliakit.rollouts.definition import RolloutDefinition, Step, Strategy
from reliakit.runtime.burying import RETIRED
from reliakit.runtime.journal import read_entry
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import Report
from reliakit.testing import ManualClock

_DEFINITION = RolloutDefinition(
    "shop", ("blue", "green"), "blue", Strategy.CANARY, (Step(5),), fingerprint="f"
)


class _Leader:
    def __init__(self):
        self.clock = ManualClock(time=1_000.0)
        self.store = MemoryStore(self.clock.time)
        self._reconciler = Reconciler(self.store, lambda: {"shop": _DEFINITION}, Known())
        self._sequence = 0

    def report(self, worker, about="{}"):
        self._sequence += 1
        asyncio.run(self.store.publish(Report(worker, self._sequence, about=about)))

    def turns(self, count):
        for _ in range(count):
            self.clock.advance(1.0)
            self.report("leader")
            asyncio.run(self._reconciler.turn("leader", {}))

    @property
    def live(self):
        return {worker.name for worker in asyncio.run(self.store.totals("-")).workers}

    @property
    def retired(self):
        events = [read_entry(entry.text).event for entry in asyncio.run(self.store.journal())]
        return [event["sentence"] for event in events if event["kind"] == "worker_retired"]


def test_a_dead_worker_is_given_up_and_its_requests_in_flight_are_reported():
    """Otherwise nobody would know how many users a crash has cost."""
    leader = _Leader()
    leader.report("dead", '{"host":"a","pid":7,"in_flight":3}')
    leader.turns(2 * int(RETIRED) + 20)
    assert leader.live == {"leader"}
    assert leader.retired == ["worker 7 on a has not reported for 60 s; it had 3 requests in flight"]


def test_after_an_outage_of_the_store_everybody_has_time_to_report():
    """Otherwise whoever comes back first would bury all the others."""
    leader = _Leader()
    leader.report("asleep")
    leader.clock.advance(10 * RETIRED)
    leader.turns(int(RETIRED) - 1)
    assert leader.live == {"leader", "asleep"}
