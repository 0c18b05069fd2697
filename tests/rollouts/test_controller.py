"""A canary from its first request to the end of its rollback window."""

from itertools import pairwise

import pytest

from reliakit.rollouts.controller import decide
from reliakit.rollouts.definition import Step
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.orders import Orders
from reliakit.rollouts.phases import Phase
from tests.rollouts.stage import LADDER, READY, Stage, canary


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_canary_climbs_the_ladder_and_becomes_stable(seed):
    """Otherwise a good version never reaches everybody, or the slots never swap."""
    stage = Stage(canary(), seed, stored=True).ended()
    assert stage.state.phase is Phase.SUCCESSFUL
    assert [(event.what.value, event.weight) for event in stage.events] == [
        ("started", 5.0),
        ("running", 5.0),
        *(("advanced", weight) for weight in (10.0, 20.0, 40.0, 80.0)),
        ("promoted", 100.0),
    ]
    assert stage.state.stable == "green"
    assert stage.state.weight == 0.0
    assert all(event.verdicts for event in stage.events[2:])


def test_the_rollback_window_ends_and_nothing_is_left_to_do():
    """Otherwise the old version is kept warm, and the release judged, for ever."""
    stage = Stage(canary(rollback_window=30.0), 1).ended()
    assert stage.state.warm
    stage.run(lambda stage: not stage.state.warm, 40)
    assert stage.whats[-1] == "settled"
    found = decide(stage.definition, stage.state, stage.observed(), stage.now + 1)
    assert found.state is stage.state
    assert found.wake == float("inf")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_canary_three_times_as_bad_is_rolled_back_with_its_evidence(seed):
    """Otherwise users pay for a bad version, and nobody is told why it went."""
    stage = Stage(canary(), seed, times=3.0, stored=True).ended()
    assert stage.state.phase is Phase.FAILED
    assert (stage.state.stable, stage.state.weight, stage.state.evidence) == ("blue", 0.0, None)
    assert stage.last.what.value == "rolled_back"
    assert "of" in stage.last.sentence
    assert stage.last.verdicts[0].advice.value == "roll_back"
    assert stage.last.verdicts[0].value >= 100


def test_a_service_without_any_error_goes_through():
    """Otherwise the best service of all is stuck for ever."""
    assert Stage(canary(), 1, base=0.0).ended().state.phase is Phase.SUCCESSFUL


def test_without_traffic_it_is_pending_and_says_why():
    """Otherwise a release nobody calls fails, or is said to run."""
    stage = Stage(canary(), rps=0)
    for _ in range(3):
        stage.decide(0.0)
    for _ in range(300):
        stage.second()
    assert stage.state.phase is Phase.PENDING
    assert stage.state.why == "no request has come to green yet"
    assert stage.whats == ["started"]


def test_a_slot_that_is_not_ready_is_waited_for():
    """Otherwise a version that has not started yet gets requests, or its release fails."""
    stage = Stage(canary(), 1, look={"ready": frozenset({"blue"})})
    for _ in range(5):
        stage.second()
    assert (stage.state.phase, stage.state.why) == (Phase.PENDING, "green is not ready")
    stage.look = {}
    stage.second()
    stage.second()
    assert stage.state.phase is Phase.RUNNING


def test_a_canary_that_gets_no_requests_any_more_is_pending_again():
    """Otherwise its deadline passes while nobody calls it, and it ends as undecided."""
    stage = Stage(canary(), 1).running()
    stage.rps = 0
    stage.run(lambda stage: stage.state.phase is Phase.PENDING, 61)
    assert stage.whats[-1] == "starved"
    stage.rps = 400
    stage.run(lambda stage: stage.state.phase is Phase.RUNNING, 2)


def test_undecided_at_the_deadline_keeps_its_weight_and_waits_for_people():
    """Otherwise silence ships a version, or takes back a good one."""
    stage = Stage(canary(deadline=120.0), 1, times=1.5, rps=40)
    stage.run(lambda stage: stage.state.phase is Phase.INCONCLUSIVE, 300)
    assert stage.state.weight == 5.0
    assert "undecided" in stage.last.sentence
    for _ in range(100):
        stage.second()
    assert stage.whats[-1] == "inconclusive"
    stage.order(Orders.RETRY)
    assert (stage.state.phase, stage.state.weight) == (Phase.RUNNING, 5.0)
    assert stage.evidence.spent.step == 0.0


def test_an_undecided_release_is_still_rolled_back_by_evidence():
    """Otherwise a version that turns bad while people decide is left alone."""
    stage = Stage(canary(deadline=120.0), 1, times=1.5, rps=40)
    stage.run(lambda stage: stage.state.phase is Phase.INCONCLUSIVE, 300)
    stage.times, stage.rps = 20.0, 400
    assert stage.ended().whats[-1] == "rolled_back"


def test_the_bake_time_passes_before_a_step_ends():
    """Otherwise a leak that takes ten minutes is met at 100 %."""
    stage = Stage(canary(steps=(Step(50, bake=200.0),)), 1, base=0.0)
    stage.running()
    began = stage.now
    assert stage.ended().now - began >= 200.0


def test_the_minimum_of_requests_is_waited_for():
    """Otherwise a step ends before the cases that people care about have come."""
    stage = Stage(canary(steps=(Step(50, requests=20_000),)), 1, base=0.0).running()
    stage.run(lambda stage: stage.state.why == "it waits for 20,000 canary requests", 5)
    stage.ended()
    assert stage.counts["green", "split", ""][0] >= 20_000


def test_a_settled_release_can_be_rolled_back_by_people_only():
    """Otherwise yesterday's evidence takes back a version that everybody uses."""
    stage = Stage(canary(rollback_window=5.0), 1).ended()
    stage.run(lambda stage: not stage.state.warm, 10)
    stage.times = 50.0
    for _ in range(100):
        stage.second()
    assert stage.state.phase is Phase.SUCCESSFUL
    stage.order(Orders.ROLL_BACK)
    assert (stage.state.stable, stage.state.phase) == ("blue", Phase.FAILED)


def test_nothing_is_written_where_nothing_has_happened():
    """Otherwise idle rollouts write to the store every second."""
    idle = Stage(canary(release=None))
    idle.decide()
    found = decide(idle.definition, idle.state, Observed(ready=READY), idle.now)
    assert found.state is idle.state
    stage = Stage(canary(), 1).running()
    stage.second()
    again = decide(stage.definition, stage.state, stage.observed(), stage.now + 0.5)
    assert again.state is stage.state


def test_the_small_record_changes_only_when_something_happens():
    """Otherwise every worker reads the state anew every second, for a countdown in a sentence."""
    steps = (Step(5, bake=60.0, pause=60.0), *LADDER[1:])
    stage = Stage(canary(steps=steps), 1, base=0.0)
    records = []
    for _ in range(400):
        stage.second()
        records.append(stage.state.to_record())
    changes = sum(one != other for one, other in pairwise(records))
    assert changes <= 3 * len(stage.events)


def test_a_release_whose_evidence_is_lost_begins_it_anew():
    """Otherwise it stands where it stands for ever, and nobody is told."""
    stage = Stage(canary(), 1).running()
    stage.state = type(stage.state).from_record(stage.state.to_record(), None)
    stage.second()
    assert stage.whats[-1] == "counts_lost"
    assert stage.ended().state.phase is Phase.SUCCESSFUL
