"""Dry runs that act on nothing, and guards that act where nothing else can."""

from dataclasses import replace

import pytest

from reliakit.rollouts.controller import decide
from reliakit.rollouts.definition import AnalysisRules, GuardRule
from reliakit.rollouts.errors import RollbackRule
from reliakit.rollouts.guards import Guard
from reliakit.rollouts.observed import Outside
from reliakit.rollouts.orders import Orders
from reliakit.rollouts.phases import Phase
from tests.rollouts.stage import Stage, canary

_DRY = AnalysisRules(dry_run=True)


def test_a_dry_run_says_once_that_it_would_have_rolled_back():
    """Otherwise trying the rules out costs a release, or floods the journal."""
    stage = Stage(canary(analysis=_DRY), 1, times=10.0).running()
    for _ in range(300):
        stage.second()
    assert stage.whats == ["started", "running", "would_roll_back"]
    assert stage.last.sentence.startswith("would have been rolled back at step 5 %")
    assert (stage.state.phase, stage.state.weight) == (Phase.RUNNING, 5)


def test_a_dry_run_says_once_that_it_would_have_gone_on():
    """Otherwise rules that are only tried out ship a version."""
    stage = Stage(canary(analysis=_DRY), 1, base=0.0).running()
    for _ in range(400):
        stage.second()
    assert stage.whats == ["started", "running", "would_advance"]
    stage.order(Orders.PROMOTE)
    assert stage.state.weight == 10


def test_what_a_dry_run_has_found_does_not_take_back_what_people_have_promoted():
    """Otherwise the end of a dry run rolls back a version that serves everybody by then."""
    stage = Stage(canary(analysis=_DRY), 1, times=10.0).running()
    stage.run(lambda stage: "would_roll_back" in stage.whats, 300)
    stage.order(Orders.PROMOTE, full=True)
    stage.edit(analysis=AnalysisRules())
    for _ in range(20):
        stage.second()
    assert stage.state.phase is Phase.SUCCESSFUL


def _guarded(guard, metric="errors", **rules):
    return AnalysisRules(guards=(GuardRule(metric, guard),), **rules)


def test_a_guard_rolls_back_after_success():
    """Otherwise a version that breaks once everybody is on it stays."""
    stage = Stage(canary(analysis=_guarded(Guard(0.05, 10.0))), 1, base=0.001).ended()
    assert stage.state.phase is Phase.SUCCESSFUL
    stage.times = 200.0
    stage.run(lambda stage: stage.state.phase is Phase.FAILED, 30)
    assert stage.state.stable == "blue"
    assert "rolled back at 100 %" in stage.last.sentence


def test_a_guard_that_is_failing_keeps_a_release_from_going_on():
    """Otherwise each step begins its two minutes anew, and an outage is ridden out to 100 %."""
    rules = _guarded(Guard(0.05, 100_000.0))
    stage = Stage(canary(analysis=rules), 1, base=0.2, times=0.5, rps=4_000)
    for _ in range(200):
        stage.second()
    assert stage.evidence.analysis.errors.promotion.reached
    assert stage.state.weight == 5


def test_a_metric_from_outside_rolls_back_after_its_time():
    """Otherwise what only a monitoring system sees can't stop a release."""
    rules = _guarded(Guard(0.5, 10.0, 5), "outside:disk")
    stage = Stage(canary(analysis=rules), 1, base=0.005).running()
    stage.look = {"outside": (Outside("disk", True, "71 %"), Outside("other", False, "down"))}
    for _ in range(30):
        stage.second()
    assert stage.state.active
    stage.look = {"outside": (Outside("disk", False, "99 %"),)}
    stage.run(lambda stage: stage.state.phase is Phase.FAILED, 30)


def test_an_outside_metric_without_an_answer_says_nothing():
    """Otherwise a monitoring system that is down takes releases with it."""
    rules = _guarded(Guard(0.5, 0.0, 1), "outside:disk")
    stage = Stage(canary(analysis=rules), 1, base=0.0).ended()
    assert stage.state.phase is Phase.SUCCESSFUL


def test_a_guard_that_an_edit_brings_looks_at_what_comes_from_now_on():
    """Otherwise a new limit takes a release back for an hour that is long over."""
    stage = Stage(canary(), 1, base=0.2).running()
    for _ in range(20):
        stage.second()
    stage.base = 0.001
    stage.edit(analysis=_guarded(Guard(0.05)))
    for _ in range(20):
        stage.second()
    assert stage.state.phase is not Phase.FAILED


def test_alpha_of_the_rule_is_what_rolls_back():
    """Otherwise whoever asks for more certainty is given the same."""
    bold = AnalysisRules(errors=replace(AnalysisRules().errors, rollback=RollbackRule(alpha=1e-9)))
    sure, plain = (Stage(canary(analysis=rules), 4, times=5.0).ended() for rules in (bold, AnalysisRules()))
    assert sure.now > plain.now
    assert sure.last.verdicts[0].threshold == pytest.approx(1e9)


def test_deciding_is_pure():
    """Otherwise two workers that decide about the same state disagree about what has happened."""
    stage = Stage(canary(), 1).running()
    stage.serve()
    once, twice = (decide(stage.definition, stage.state, stage.observed(), stage.now + 1) for _ in range(2))
    assert once == twice
