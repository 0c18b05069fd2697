"""Blue-green, A/B and the rule of the tutorials: other ladders, the same controller."""

from dataclasses import replace

import pytest

from reliakit.rollouts.definition import AnalysisRules, Gate, GuardRule, Step, Strategy
from reliakit.rollouts.guards import Guard
from reliakit.rollouts.orders import Orders
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.ratio_rule import RatioRule
from reliakit.rollouts.state import Hold
from tests.rollouts.stage import Stage, canary

_GUARDS = AnalysisRules(guards=(GuardRule("errors", Guard(0.05, 10.0)),))


def _switch(gate=Gate.AUTO, **changes):
    steps = (Step(0, bake=30.0, gate=gate), Step(100, bake=60.0))
    return canary(strategy=Strategy.BLUE_GREEN, steps=steps, **{"analysis": _GUARDS, **changes})


def _on(weight):
    return lambda stage: stage.state.weight == weight and stage.state.phase is Phase.RUNNING


def test_blue_green_previews_switches_and_stays():
    """Otherwise a good version never gets past its preview."""
    stage = Stage(_switch(), 1, previews=5, stored=True).ended()
    assert stage.whats == ["started", "running", "advanced", "promoted"]
    assert [event.weight for event in stage.events] == [0, 0, 100, 100]
    assert stage.state.stable == "green"


def test_nobody_but_previewers_sees_the_version_before_the_switch():
    """Otherwise a preview is a release."""
    stage = Stage(_switch(), 1, previews=5).running()
    for _ in range(20):
        stage.second()
    assert stage.state.weight == 0
    assert stage.counts["green", "split", ""] == [0] * 5


def test_a_bad_preview_never_gets_to_users():
    """Otherwise the tests that run against the preview are for nothing."""
    stage = Stage(_switch(), 1, previews=20, base=0.005, times=40.0).ended()
    assert stage.state.phase is Phase.FAILED
    assert stage.whats == ["started", "running", "rolled_back"]


def test_without_preview_traffic_nothing_is_switched():
    """Otherwise "no errors" means that nobody has looked."""
    stage = Stage(_switch(deadline=120.0), 1, previews=0)
    stage.run(lambda stage: stage.state.phase is Phase.INCONCLUSIVE, 200)
    assert stage.state.weight == 0


def test_a_version_that_breaks_after_the_switch_goes_back_at_once():
    """Otherwise the way back from a switch takes as long as the next deploy."""
    stage = Stage(_switch(), 1, previews=5).run(_on(100))
    stage.times = 100.0
    stage.run(lambda stage: stage.state.phase is Phase.FAILED, 15)
    assert (stage.state.stable, stage.state.weight) == ("blue", 0)


def test_the_switch_counts_from_the_switch():
    """Otherwise what previewers have met is held against, or for, the version that everybody uses."""
    stage = Stage(_switch(), 1, previews=50).run(_on(100))
    assert stage.evidence.step_requests == 0
    stage.second()
    assert stage.evidence.step_requests == 400
    assert "counts_lost" not in stage.whats


def test_people_can_go_back_at_any_time_within_the_window():
    """Otherwise the old version is kept warm for nobody."""
    stage = Stage(_switch(), 1, previews=5).ended()
    stage.order(Orders.ROLL_BACK)
    assert stage.state.stable == "blue"


def test_a_manual_switch_without_guards_waits_for_a_person():
    """Otherwise a version that nothing judges is switched to by itself."""
    stage = Stage(_switch(Gate.MANUAL, analysis=AnalysisRules()), 1)
    stage.run(lambda stage: stage.state.hold is Hold.GATE, 60)
    for _ in range(300):
        stage.second()
    assert stage.state.weight == 0
    stage.order(Orders.PROMOTE)
    assert stage.state.weight == 100


def test_an_automatic_switch_without_guards_never_happens():
    """Otherwise silence ships a version to everybody."""
    stage = Stage(_switch(analysis=AnalysisRules(), deadline=1e9), 1, previews=5)
    for _ in range(500):
        stage.second()
    assert (stage.state.phase, stage.state.weight) == (Phase.RUNNING, 0)


def test_a_switch_waits_for_its_slot():
    """Otherwise everybody is sent to a version that has just died."""
    stage = Stage(_switch(), 1, previews=5).running()
    stage.look = {"ready": frozenset({"blue"})}
    for _ in range(100):
        stage.second()
    assert (stage.state.weight, stage.state.why) == (0, "green is not ready")


def test_success_says_that_nothing_judges_without_guards():
    """Otherwise people believe that somebody is watching."""
    stage = Stage(canary(), 1).ended()
    stage.second()
    assert "no guard is defined, so nothing judges" in stage.state.why


_AB = canary(strategy=Strategy.AB, steps=(Step(50, gate=Gate.MANUAL),), deadline=float("inf"))


def test_an_a_b_test_is_held_until_somebody_ends_it():
    """Otherwise an experiment ends before it has shown anything."""
    stage = Stage(_AB, 1)
    for _ in range(700):
        stage.second()
    assert (stage.state.phase, stage.state.weight, stage.state.hold) == (Phase.PAUSED, 50, Hold.GATE)
    stage.order(Orders.PROMOTE)
    assert (stage.state.phase, stage.state.stable) == (Phase.SUCCESSFUL, "green")


def test_an_a_b_test_that_hurts_is_rolled_back():
    """Otherwise half of all users pay for an experiment that has failed."""
    assert Stage(_AB, 1, times=3.0).ended().whats[-1] == "rolled_back"


_RATIO = canary(analysis=AnalysisRules(ratio=RatioRule()))


def test_the_rule_of_the_tutorials_promotes_after_its_requests():
    """Otherwise whoever has asked for it by name gets another rule."""
    stage = Stage(_RATIO, 1, base=0.02, times=0.1).running()
    stage.run(lambda stage: stage.state.weight == 10, 100)
    assert 1_000 <= stage.last.verdicts[0].counts.n_c < 1_050
    assert stage.ended().state.phase is Phase.SUCCESSFUL


def test_the_rule_of_the_tutorials_rolls_back_beyond_its_ratio():
    """Otherwise whoever has asked for it by name is not protected."""
    stage = Stage(_RATIO, 1, base=0.02, times=5.0).ended()
    assert stage.state.phase is Phase.FAILED
    assert stage.last.verdicts[0].test == "ratio"


def test_the_rule_of_the_tutorials_does_not_look_before():
    """Otherwise it is not the rule that everybody knows, with all that is wrong with it."""
    stage = Stage(_RATIO, 1, base=0.02, times=40.0).running()
    stage.run(lambda stage: stage.counts["green", "split", ""][1] > 500)
    assert stage.state.phase is Phase.RUNNING


@pytest.mark.parametrize("strategy", ["blue_green", "ab"])
def test_every_strategy_starts_over_after_a_failure(strategy):
    """Otherwise a failed attempt is the last one."""
    definition = {"blue_green": _switch(), "ab": _AB}[strategy]
    stage = Stage(definition, 1, previews=20).running()
    stage.order(Orders.ABORT)
    stage.order(Orders.RETRY)
    stage.running()
    assert stage.state.number == 2
    assert stage.state.weight == replace(definition).steps[0].weight
