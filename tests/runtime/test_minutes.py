"""Error budgets rest on minutes that are each written once, and forgotten in time."""

import asyncio

import msgspec
import pytest

from reliakit.rollouts.definition import Objective, RolloutDefinition, Step, Strategy
from reliakit.runtime.minutes import KEPT, Minutes
from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import Report
from reliakit.testing import ManualClock


class _Service:
    """A store, a clock, and somebody who leads."""

    def __init__(self, window=3_600.0):
        self.clock = ManualClock(time=7_200.0)
        self.store = MemoryStore(self.clock.time)
        objective = Objective(0.99, window)
        slots = ("blue", "green")
        self.definition = RolloutDefinition(
            "shop", slots, "blue", Strategy.CANARY, (Step(5),), objective=objective
        )
        self.minutes = self.another()
        self._told, self._sequence = {"success": 0, "error": 0}, 0

    def another(self):
        return Minutes(self.store, lambda: {"shop": self.definition}, lambda: True, self.clock.time)

    def serve(self, success=0, error=0):
        self._told["success"] += success
        self._told["error"] += error
        self._sequence += 1
        totals = {f"r|shop|1|blue|split||{what}": count for what, count in self._told.items()}
        asyncio.run(self.store.publish(Report("w", self._sequence, totals)))

    def pass_minute(self, minutes=None):
        self.clock.advance(60.0)
        asyncio.run((minutes or self.minutes).post())

    @property
    def budget(self):
        return self.minutes.budget("shop")


@pytest.fixture
def service():
    service = _Service()
    asyncio.run(service.minutes.post())
    return service


def test_a_budget_is_spent_by_errors_and_only_by_them(service):
    """Otherwise a release goes on while the promise to users is broken, or stops although it is kept."""
    service.serve(success=990)
    service.pass_minute()
    assert service.budget == 1.0
    service.serve(success=5, error=5)
    service.pass_minute()
    assert service.budget == pytest.approx(0.5)
    service.serve(error=10)
    service.pass_minute()
    assert service.budget < 0


def test_a_minute_is_written_once_whoever_leads(service):
    """Otherwise a change of the leader spends the budget twice."""
    service.serve(success=980, error=5)
    other = service.another()
    service.pass_minute()
    asyncio.run(other.post())
    asyncio.run(other.post())
    assert other.budget("shop") == service.budget == pytest.approx(1 - 5 / 9.85)


def test_who_does_not_lead_writes_nothing(service):
    """Otherwise every worker of a fleet writes every minute."""
    bystander = Minutes(
        service.store, lambda: {"shop": service.definition}, lambda: False, service.clock.time
    )
    service.serve(success=10)
    service.pass_minute(bystander)
    assert bystander.budget("shop") is None
    assert asyncio.run(service.store.read(("minutes/shop/",))).found == {}


def test_what_is_older_than_the_window_no_longer_counts(service):
    """Otherwise last month's incident freezes this month's releases."""
    service.serve(success=90, error=10)
    service.pass_minute()
    assert service.budget < 0
    service.clock.advance(2 * 3_600.0)
    service.serve(success=100)
    service.pass_minute()
    assert service.budget == 1.0


def test_minutes_are_dropped_after_35_days(service):
    """Otherwise the store of a busy service grows for ever."""
    service.serve(success=10)
    service.pass_minute()
    assert len(asyncio.run(service.store.read(("minutes/shop/",))).found) == 1
    service.clock.advance(KEPT + 7_200.0)
    service.serve(success=10)
    service.pass_minute()
    (page,) = asyncio.run(service.store.read(("minutes/shop/",))).found.values()
    assert list(msgspec.json.decode(page.text)["at"].values()) == [{"blue": [10, 0, 0, 0, 0]}]


def test_a_store_that_lost_its_counts_spends_nothing(service):
    """Otherwise a flushed cache would look like an outage, or like a perfect hour."""
    service.serve(success=990, error=1)
    service.pass_minute()
    before = service.budget
    service.store = service.minutes._store = MemoryStore(service.clock.time)
    service._told, service._sequence = {"success": 3, "error": 0}, 0
    service.serve()
    service.pass_minute()
    assert service.budget == before
