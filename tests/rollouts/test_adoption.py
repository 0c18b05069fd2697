"""Edits apply in place, and two definitions side by side never fight."""

from dataclasses import replace

import pytest

from reliakit.rollouts.adoption import UNREPORTED
from reliakit.rollouts.definition import AnalysisRules, ErrorRules, Gate, Step, Target
from reliakit.rollouts.errors import RollbackRule
from reliakit.rollouts.orders import Orders
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.promotion import PromotionRule
from tests.rollouts.stage import Stage, canary


def _at(weight, **changes):
    """A release that stands at a weight."""
    stage = Stage(canary(**changes), 1, base=0.0)
    return stage.run(lambda stage: stage.state.weight == weight and stage.state.phase is Phase.RUNNING)


def _steps(*weights):
    return tuple(Step(weight) for weight in weights)


@pytest.mark.parametrize(
    ("weights", "step", "weight"),
    [
        ((5, 10, 20, 40, 80), 2, 20),
        ((1, 2, 5, 10, 20, 50), 4, 20),
        ((5, 50), 0, 5),
        ((15, 30), 0, 15),
        ((20,), 0, 20),
        ((50, 90), 0, 20),
    ],
)
def test_edited_steps_keep_the_place_and_never_raise_the_weight(weights, step, weight):
    """Otherwise an edit ships a version to people that no evidence has let in."""
    stage = _at(20)
    stage.edit(steps=_steps(*weights))
    stage.decide()
    assert (stage.state.step, stage.state.weight) == (step, weight)
    assert stage.whats.count("defined") == 1
    stage.decide()
    assert stage.whats.count("defined") == 1


def test_a_ladder_that_begins_above_the_weight_is_climbed_from_its_first_step():
    """Otherwise an edit makes the next step twice as large as anybody wrote."""
    stage = _at(20)
    stage.edit(steps=_steps(50, 90))
    stage.run(lambda stage: stage.state.weight > 20)
    assert stage.state.weight == 50
    stage.order(Orders.PROMOTE)
    assert stage.state.weight == 90


def test_trying_again_keeps_the_weight_below_an_edited_ladder():
    """Otherwise whoever tries again after an edit ships to more people without knowing."""
    stage = Stage(canary(deadline=60.0), 1, times=1.5, rps=40)
    stage.run(lambda stage: stage.state.phase is Phase.INCONCLUSIVE)
    stage.edit(steps=_steps(50, 90))
    stage.decide()
    stage.order(Orders.RETRY)
    assert stage.state.weight == 5


def test_steps_of_one_weight_are_not_confused():
    """Otherwise an edit of something else skips a gate."""
    steps = (Step(20, gate=Gate.MANUAL), Step(20, bake=60.0), Step(50))
    stage = Stage(canary(steps=steps), 1, base=0.0).running()
    stage.edit(deadline=7_200.0)
    stage.decide()
    assert stage.state.step == 0
    stage.edit(steps=(Step(10), *steps))
    stage.decide()
    assert stage.state.step == 1


def test_an_edit_to_a_preview_and_back_does_not_break_the_split():
    """Otherwise a change of strategy is taken for lost counts, every second."""
    stage = Stage(canary(steps=_steps(0)), 1, base=0.0).running()
    stage.edit(steps=_steps(5, 10))
    for _ in range(90):
        stage.second()
    assert (stage.state.phase, stage.state.weight) == (Phase.PENDING, 0)
    assert stage.state.why == "edited before it had a weight: promote it to begin"
    assert "counts_lost" not in stage.whats
    stage.order(Orders.PROMOTE)
    assert stage.state.weight == 5
    assert stage.ended().state.phase is Phase.SUCCESSFUL


def test_an_edited_rule_starts_a_new_test_and_leaves_the_others():
    """Otherwise evidence gathered under one rule is read under another."""
    stage = _at(10)
    before = stage.evidence.analysis
    errors = ErrorRules(RollbackRule(tolerate=2.0), PromotionRule(margin=4.0, tolerate=2.0))
    stage.edit(analysis=AnalysisRules(errors=errors))
    stage.decide()
    after = stage.evidence.analysis
    assert after.errors.against.rollback.rule.tolerate == 2.0
    assert after.errors.against.evidence.counts.n == 0
    assert after.errors.promotion.evidence.counts.n == 0
    assert after.client_errors == before.client_errors


def test_an_edit_of_the_steps_keeps_the_evidence():
    """Otherwise nobody dares to correct a bake time while a release runs."""
    stage = _at(10)
    before = stage.evidence.analysis.errors
    stage.edit(steps=tuple(replace(step, bake=1.0) for step in stage.definition.steps))
    stage.decide()
    assert stage.evidence.analysis.errors == before


def test_a_release_that_the_file_asks_for_starts_once():
    """Otherwise every edit of the file starts the release again."""
    stage = Stage(canary(), 1, base=0.0).ended()
    stage.edit(deadline=100.0)
    stage.decide()
    assert stage.whats.count("started") == 1
    stage.edit(release=Target("blue", "3"))
    stage.decide()
    assert (stage.last.number, stage.last.version) == (2, "3")


def test_a_release_that_has_failed_is_not_started_again_by_an_edit():
    """Otherwise a correction of a comment brings a bad version back."""
    stage = Stage(canary(), 1, times=20.0).ended()
    stage.edit(deadline=100.0)
    stage.decide()
    assert stage.state.phase is Phase.FAILED


def test_another_release_takes_the_place_of_one_under_way():
    """Otherwise a fix has to wait for the version that it mends."""
    stage = _at(10)
    stage.edit(release=Target("green", "3"))
    stage.decide()
    assert stage.whats[-3:] == ["defined", "aborted", "started"]
    assert stage.events[-2].version == "2"
    assert (stage.state.number, stage.state.weight) == (2, 5)
    assert stage.evidence.step_requests == 0


def test_a_file_that_asks_for_what_runs_already_starts_nothing():
    """Otherwise writing down what was started by hand starts it over."""
    stage = Stage(canary(release=None), 1, base=0.0)
    stage.order(Orders.START, slot="green", version="2")
    stage.run(lambda stage: stage.state.weight == 10)
    stage.edit(release=Target("green", "2"))
    stage.decide()
    assert (stage.state.number, stage.state.weight) == (1, 10)


def test_asked_for_the_stable_slot_an_idle_rollout_refuses_aloud():
    """Otherwise a slip in a file overwrites what everybody uses, or nothing happens and nobody knows why."""
    stage = Stage(canary(release=Target("blue", "2")), 1)
    stage.decide()
    assert stage.whats == ["refused"]
    assert "release to the other slot" in stage.last.sentence
    assert not stage.decide()


def test_asked_for_the_stable_slot_a_release_under_way_is_aborted():
    """Otherwise taking back the commit that started a release does not take back the release."""
    stage = _at(10)
    stage.edit(release=Target("blue", "1"))
    stage.decide()
    assert (stage.state.phase, stage.state.weight) == (Phase.FAILED, 0)
    assert stage.whats[-2:] == ["defined", "aborted"]


def test_two_definitions_side_by_side_win_once_each():
    """Otherwise old and new workers edit the rollout back and forth for as long as a deploy runs."""
    stage = _at(10)
    old, new = stage.definition, replace(stage.definition, steps=_steps(5, 10, 50), fingerprint="f2")
    for _ in range(20):
        reported = {old.meaning: 0.0, new.meaning: 0.0}
        for definition in (new, old):
            stage.definition = definition
            stage.decide(0.5, reported=reported)
    assert stage.whats.count("defined") == 1
    assert stage.state.meaning == new.meaning


def test_a_deploy_that_is_taken_back_takes_its_definition_back():
    """Otherwise the file in the repository is not what counts."""
    stage = _at(10)
    old, new = stage.definition, replace(stage.definition, steps=_steps(5, 10, 50), fingerprint="f2")
    stage.definition = new
    stage.decide(reported={old.meaning: 0.0, new.meaning: 0.0})
    stage.definition = old
    stage.decide(reported={old.meaning: 0.0, new.meaning: UNREPORTED - 1})
    assert stage.state.meaning == new.meaning
    stage.decide(reported={old.meaning: 0.0, new.meaning: UNREPORTED})
    assert stage.state.meaning == old.meaning
    assert stage.last.sentence == "an earlier definition is in force again"


def test_whoever_is_not_in_force_decides_nothing():
    """Otherwise an old worker promotes by rules that were corrected."""
    stage = _at(10)
    old = stage.definition
    stage.edit(deadline=100.0)
    stage.decide()
    stage.definition = old
    before = stage.state
    stage.serve()
    assert not stage.decide(reported={stage.state.meaning: 1.0})
    assert stage.state is before


def test_an_endless_edit_war_is_remembered_within_bounds():
    """Otherwise the state grows with every edit."""
    stage = _at(10)
    for number in range(100):
        stage.edit(fingerprint=f"g{number}")
        stage.decide()
    assert len(stage.state.seen) == 16


_RENAMED = {"slots": ("one", "two"), "initial": "one", "release": None}


@pytest.mark.parametrize("slots", [("one", "two"), ("blue", "two"), ("one", "green")])
def test_a_release_whose_slots_are_renamed_stops_with_a_reason(slots):
    """Otherwise an edit sends a release to an arbitrary slot, or stops every decision with an exception."""
    stage = _at(10)
    stage.edit(slots=slots, initial=slots[0], release=None)
    stage.decide()
    assert (stage.state.phase, stage.state.weight, stage.last.what.value) == (Phase.ERROR, 10, "error")
    assert "is no slot any more" in stage.state.why
    events = len(stage.events)
    for _ in range(5):
        stage.decide()
    assert len(stage.events) == events


def test_naming_the_slots_as_they_were_lets_it_go_on():
    """Otherwise a slip costs the release."""
    stage = _at(10)
    stage.edit(**_RENAMED)
    stage.decide()
    stage.edit(slots=("blue", "green"), initial="blue")
    stage.decide()
    stage.order(Orders.RETRY)
    assert stage.ended().state.phase is Phase.SUCCESSFUL


def test_renamed_slots_and_no_release_begin_at_the_initial_one():
    """Otherwise nobody knows where requests go, and nothing can be released any more."""
    stage = Stage(canary(rollback_window=5.0), 1, base=0.0).ended()
    stage.edit(**_RENAMED)
    stage.decide()
    assert stage.state.stable == "one"
    assert "one is stable, as `initial` says" in stage.last.sentence
    assert not stage.decide()
    stage.order(Orders.START, slot="two", version="3")
    stage.look = {"ready": frozenset({"one", "two"})}
    assert stage.ended().state.stable == "two"


def test_an_aborted_release_with_renamed_slots_frees_the_rollout():
    """Otherwise the only way out of a rename is the old name."""
    stage = _at(10)
    stage.edit(**_RENAMED)
    stage.decide()
    stage.order(Orders.ABORT)
    stage.decide()
    assert (stage.state.phase, stage.state.stable) == (Phase.FAILED, "one")
