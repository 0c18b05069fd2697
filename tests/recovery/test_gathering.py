"""What several workers have seen becomes one look: no request counts twice, and an outage is never made shorter."""

from typing import Any

from reliakit.failover.recovery.observed import RegionSeen
from reliakit.runtime.recovery.gathering import Gathering
from reliakit.runtime.sighting import Sight
from tests.failover.regions import recovery


def look(gathering: Gathering, **workers: Sight) -> RegionSeen:
    told = {name: {"eu": sight} for name, sight in workers.items()}
    return gathering.look(recovery(), told, {})["eu"]


def sight(good: int, failed: int = 0, ready: int = 2, failed_at: float | None = None, **known: Any) -> Sight:
    return Sight(ready, 2, good, failed, good_at=1.0, failed_at=failed_at, **known)


def test_requests_count_from_when_a_worker_is_first_seen_and_each_once() -> None:
    """Otherwise a new decider takes the failures of last week for those of now, and leaves a region that is well."""
    gathering = Gathering()
    assert (look(gathering, a=sight(9_000, 500)).good, look(gathering, a=sight(9_000, 500)).failed) == (0, 0)
    seen = look(gathering, a=sight(9_010, 502), b=sight(7_000, 7_000))
    assert (seen.good, seen.failed) == (10, 2)
    assert look(gathering, a=sight(5, 1), b=sight(7_000, 7_000)).good == 0  # it has begun anew


def test_an_outage_begins_with_its_first_failure_and_not_with_one_of_yesterday() -> None:
    """Otherwise the measured RTO is a wish, or counts from a hiccup that nobody remembers."""
    gathering = Gathering()
    look(gathering, a=sight(0))
    assert look(gathering, a=sight(100, 1, failed_at=10.0)).first_failed == 10.0
    assert look(gathering, a=sight(200, 1, failed_at=10.0)).first_failed is None
    assert look(gathering, a=sight(290, 3, failed_at=20.5)).first_failed == 20.5
    assert look(gathering, a=sight(290, 90, ready=1, failed_at=20.5)).first_failed == 20.5
    assert look(gathering, a=sight(290, 190, ready=0, failed_at=22.0)).first_failed == 20.5
    assert look(gathering, a=sight(290, 190, ready=0)).first_failed == 20.5
    assert look(gathering, a=sight(400, 190, ready=1)).first_failed is None


def test_where_workers_disagree_each_of_them_counts() -> None:
    """Otherwise the one that can't reach a region decides for those that can, or they for it."""
    gathering = Gathering()
    seen = look(gathering, a=sight(0), b=sight(0), c=sight(0, ready=0))
    assert (seen.ready, seen.endpoints) == (4, 6)
    seen = look(gathering, a=sight(0), b=sight(0))
    assert (seen.ready, seen.endpoints) == (2, 2)
