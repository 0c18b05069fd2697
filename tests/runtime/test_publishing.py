"""What a worker has counted reaches the store once, however reports and answers get lost."""

import asyncio
import itertools
import random

import pytest

from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Assignment
from reliakit.core.tally import Tallies, record
from reliakit.rollouts.bursts import bit_of
from reliakit.runtime.publishing import Publisher
from reliakit.stores.memory import MemoryStore

_BLUE = "r|shop|1|blue|split||success"
_FAILED = "r|shop|1|blue|errors||7"


class _Worker:
    """A worker of which a test decides what arrives."""

    def __init__(self, store):
        names = itertools.count()
        self.tallies, self.store = Tallies(), store
        self.publisher = Publisher(self.tallies, lambda: f"w{next(names)}", random.Random(1))
        self._row = self.tallies.numbers.of(("shop", "blue", Assignment.SPLIT, 1, ""))

    def serve(self, count=1, key=None, outcome=Outcome.SUCCESS):
        for _ in range(count):
            record(self.tallies.local.rows, self._row, outcome, 0.01)
            if outcome is Outcome.ERROR:
                self.tallies.failed.append((self._row, key, outcome))

    def report(self, *, arrives=True, answered=True):
        report = self.publisher.report(7, "{}")
        if arrives:
            receipt = asyncio.run(self.store.publish(report))
            if answered:
                self.publisher.received(receipt)
        return report

    def settle(self):
        """Reports as often as a beat does until nothing is left to say."""
        while not self.publisher.received(asyncio.run(self.store.publish(self.publisher.report(7, "{}")))):
            pass
        self.report()


@pytest.fixture
def store():
    return MemoryStore(lambda: 1_000.0)


def _sums(store):
    return asyncio.run(store.totals("r|")).sums.get(_BLUE, 0)


def _marks(store):
    return asyncio.run(store.totals("r|")).marks.get(_FAILED, 0)


def test_only_what_changed_is_sent(store):
    """Otherwise an idle fleet would send as much as a busy one."""
    worker = _Worker(store)
    worker.serve(3)
    assert worker.report().totals[_BLUE] == 3
    assert worker.report().totals == {}
    worker.serve()
    assert worker.report().totals[_BLUE] == 4


@pytest.mark.parametrize("arrives", [True, False])
def test_a_lost_answer_counts_nothing_twice_and_loses_nothing(store, arrives):
    """Otherwise every short cut of the network would change the evidence."""
    worker = _Worker(store)
    worker.serve(3)
    worker.report(arrives=arrives, answered=False)
    worker.serve(2)
    worker.settle()
    assert _sums(store) == 5


def test_an_outage_keeps_one_report_in_doubt(store):
    """Otherwise an outage of an hour would leave an hour that nobody can tell whether it was counted."""
    worker = _Worker(store)
    worker.serve(3)
    first = worker.report(arrives=False)
    for _ in range(50):
        worker.serve()
        assert worker.report(arrives=False).totals == first.totals
    worker.settle()
    assert _sums(store) == 53


@pytest.mark.parametrize("arrives", [True, False])
def test_a_worker_that_was_retired_begins_anew_where_it_was_counted_to(store, arrives):
    """Otherwise a worker that slept counts twice, or what it served meanwhile is lost."""
    worker = _Worker(store)
    worker.serve(3)
    worker.report()
    worker.serve(2, "ann", Outcome.ERROR)
    worker.report(arrives=arrives, answered=False)
    asyncio.run(store.retire(worker.publisher.worker, 0.0))
    worker.serve(4)
    worker.settle()
    assert worker.publisher.worker == "w1"
    assert _sums(store) == 7
    assert asyncio.run(store.totals("r|")).sums["r|shop|1|blue|split||error"] == 2
    assert _marks(store) == 1


def test_a_store_that_forgot_everything_is_told_everything(store):
    """Otherwise a flushed cache would take the evidence of days with it for ever."""
    worker = _Worker(store)
    worker.serve(3)
    worker.report()
    worker.store = MemoryStore(lambda: 1_000.0)
    worker.serve()
    worker.settle()
    assert _sums(worker.store) == 4


def test_a_client_that_fails_again_and_again_is_one_bit(store):
    """Otherwise one angry client rolls a release back."""
    worker = _Worker(store)
    worker.serve(5, "ann", Outcome.ERROR)
    worker.serve(1, "bob", Outcome.ERROR)
    assert worker.report().marks == {_FAILED: frozenset({bit_of("ann", 7), bit_of("bob", 7)})}
    assert worker.report().marks == {}


def test_failures_of_nobody_in_particular_each_count(store):
    """Otherwise a service without users would never fail."""
    worker = _Worker(store)
    worker.serve(20, None, Outcome.ERROR)
    worker.report()
    assert _marks(store) == 20
