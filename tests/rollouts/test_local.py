"""A worker alone stops a canary that is plainly broken, and never a good one."""

import random
from dataclasses import replace

import pytest

from benchmarks.canary_traffic import Scenario, Traffic
from reliakit.rollouts.local import alone, overwhelming
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.served import Served
from reliakit.rollouts.state import RolloutState
from tests.rollouts.stage import READY, Stage, bits_of, canary

_DEFINITION = canary()


_STATE: RolloutState = Stage(_DEFINITION, 1).running().state


def _worker(times, seed, seconds, live=4, base=0.005, size=100):
    """After how many seconds a worker stops; None where it does not."""
    traffic = Traffic(Scenario("", "", base, times, size=size), random.Random(seed))
    own, totals, failed = None, [[0, 0], [0, 0]], [0, 0]
    for second in range(seconds):
        if second % 60 == 0:
            failed = [0, 0]
        block = traffic.block(0.05)
        for place, (requests, errors) in enumerate(((block.n_c, block.e_c), (block.n_s, block.e_s))):
            totals[place][0] += requests - errors
            totals[place][1] += errors
            failed[place] += errors
        served = {
            (slot, "split", ""): Served((fine, errors, 0, 0, 0))
            for slot, (fine, errors) in zip(("green", "blue"), totals, strict=True)
        }
        look = Observed(
            served, {("errors", "", second // 60): (bits_of(failed[0]), bits_of(failed[1]))}, READY
        )
        own = alone(_DEFINITION, _STATE, own, look, float(second))
        if overwhelming(own, live):
            return second
    return None


@pytest.mark.parametrize("seed", range(20))
def test_a_broken_canary_is_stopped_by_each_worker_alone(seed):
    """Otherwise a version that answers nobody is sent to for as long as the store is away."""
    stopped = _worker(200.0, seed, 60)
    assert stopped is not None
    assert stopped < 20


def test_a_healthy_canary_is_never_stopped():
    """Otherwise every larger fleet has some worker that fights its releases."""
    assert [seed for seed in range(2_000) if _worker(1.0, seed, 4, base=0.02, size=1_000) is not None] == []


def test_a_larger_fleet_asks_for_more():
    """Otherwise a hundred workers stop a good release a hundred times as often as one."""
    slow = [_worker(12.0, seed, 600, live=1_000) or 600 for seed in range(5)]
    soon = [_worker(12.0, seed, 600, live=1) or 600 for seed in range(5)]
    assert sum(slow) > sum(soon)
    assert all(one >= other for one, other in zip(slow, soon, strict=True))


def test_a_new_incarnation_keeps_what_was_found():
    """Otherwise a worker forgets that the canary is broken, with every tombstone."""
    look = Observed({("green", "split", ""): Served((50, 50, 0, 0, 0)), ("blue", "split", ""): Served((500, 0, 0, 0, 0))},
                    {("errors", "", 0): (bits_of(50), 0)}, READY)  # fmt: skip
    own = alone(_DEFINITION, _STATE, None, look, 1.0)
    assert overwhelming(own, 4)
    again = alone(_DEFINITION, _STATE, own, Observed(ready=READY), 2.0)
    assert overwhelming(again, 4)
    assert again.cursor == {}


def test_a_worker_judges_nothing_where_nothing_runs_beside():
    """Otherwise it compares the version that everybody uses with the one before."""
    ended = replace(_STATE, weight=100.0)
    look = Observed({("green", "split", ""): Served((0, 900, 0, 0, 0))}, {("errors", "", 0): (900, 0)}, READY)
    assert not overwhelming(alone(_DEFINITION, ended, None, look, 1.0), 4)
