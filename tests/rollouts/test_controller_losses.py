"""Stores that lose counts or show old ones, and clocks that jump: nothing counts twice, and nothing is promoted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.rollouts.controller import LOST
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.served import Served
from tests.rollouts.stage import Stage, canary


def _counts(stage):
    """What the test of errors has been shown."""
    return stage.evidence.analysis.errors.against.evidence.counts


def _both(stage, fine, errors=0, locality=""):
    for slot in ("green", "blue"):
        stage.put(slot, locality, fine - errors, errors)


def _begun(**changes):
    stage = Stage(canary(**changes), 1)
    stage.decide()
    _both(stage, 100)
    stage.decide()
    return stage


def _lowered(stage, share):
    """What the store shows after it has lost a part of its counts."""
    seen = stage.observed()
    lower = {
        place: Served(tuple(int(count * share) for count in each.outcomes))
        for place, each in seen.served.items()
    }
    return {"served": lower}


def test_an_old_reading_counts_nothing_twice():
    """Otherwise a replica that is behind for a second gives everything a second time when it has caught up."""
    stage = _begun()
    for _ in range(10):
        _both(stage, 100)
        stage.decide()
        stage.decide(**_lowered(stage, 0.5))
    assert _counts(stage).n == 2 * sum(stage.counts["green", "split", ""])
    assert "counts_lost" not in stage.whats


def test_a_store_that_gets_its_counts_back_from_the_workers_counts_them_once():
    """Otherwise a restart of the store doubles the evidence, for or against."""
    stage = _begun()
    for share in (0.0, 0.3, 0.7):
        stage.decide(5.0, **_lowered(stage, share))
    _both(stage, 100)
    stage.decide()
    assert _counts(stage).n == 400
    assert stage.whats == ["started", "running"]


def test_counts_that_are_lost_for_good_are_given_up_once():
    """Otherwise evidence stands still until as much has been served again, or the journal fills."""
    stage = _begun()
    for place in list(stage.counts):
        stage.counts[place] = [10, 0, 0, 0, 0]
    while "counts_lost" not in stage.whats:
        stage.decide(3.0)
        assert stage.now < 1_000_000 + LOST + 10
    before = _counts(stage)
    _both(stage, 100)
    stage.decide()
    assert _counts(stage).n - before.n == 200
    assert stage.whats.count("counts_lost") == 1
    assert stage.evidence.step_requests == 100 + 100


def test_losing_counts_promotes_nothing():
    """Otherwise a store that restarts ships a version."""
    stage = Stage(canary(), 1, base=0.0).running()
    for _ in range(200):
        stage.decide(3.0, served={})
    assert stage.state.weight == 5


def test_evidence_against_survives_lost_counts():
    """Otherwise a restart of the store gives a bad version a new chance."""
    stage = Stage(canary(), 3, times=2.0).running()
    for _ in range(20):
        stage.second()
    against = stage.evidence.analysis.errors.against
    for _ in range(30):
        stage.decide(3.0, **_lowered(stage, 0.0))
    assert stage.evidence.analysis.errors.against == against


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0, 1e9])
def test_a_clock_that_jumps_adds_five_seconds_at_most_and_promotes_nothing(jump):
    """Otherwise a clock that is set right ends bake times and deadlines at once."""
    stage = Stage(canary(steps=(replace(canary().steps[0], bake=3_600.0),)), 1, base=0.0).running()
    spent = stage.evidence.spent
    stage.decide(jump)
    assert stage.evidence.spent.step - spent.step <= 5.0
    assert stage.evidence.spent.release - spent.release >= 0.0
    stage.second()
    assert (stage.state.phase, stage.state.weight) == (Phase.RUNNING, 5)


@given(st.lists(st.floats(0.01, 3.0), min_size=1, max_size=60))
def test_many_small_folds_add_up_to_the_time_that_has_passed(pauses):
    """Otherwise busy workers bake a release for longer than they say, since not every fold is written."""
    stage = Stage(canary(), 1)
    stage.decide()
    began = stage.now
    for pause in pauses:
        stage.decide(pause)
    stage.decide(3.0)
    assert stage.evidence.spent.release == pytest.approx(stage.now - began)
