"""People can start, promote, pause, resume, abort, try again and roll back, where that makes sense."""

from dataclasses import replace

import pytest

from reliakit.rollouts.controller import faulted
from reliakit.rollouts.definition import AnalysisRules, Gate, GuardRule, Step
from reliakit.rollouts.guards import Guard
from reliakit.rollouts.orders import Orders
from reliakit.rollouts.phases import Phase, Refused
from reliakit.rollouts.state import Hold
from tests.rollouts.stage import ADA, READY, Stage, canary

_BY_HAND = canary(release=None)


def _started(**changes):
    stage = Stage(canary(release=None, **changes), 1, base=0.0)
    stage.order(Orders.START, slot="green", version="2", reason="it is Tuesday")
    return stage


def test_a_release_is_started_with_its_actor_and_reason():
    """Otherwise nobody knows afterwards who has done it, and why."""
    stage = _started()
    event = stage.last
    assert (event.what.value, event.before, event.after) == ("started", None, Phase.PENDING)
    assert (event.number, event.slot, event.version, event.actor) == (1, "green", "2", ADA)
    assert event.sentence == "started 2 in green: it is Tuesday"
    assert stage.ended().state.stable == "green"


def test_after_success_the_next_release_goes_to_the_other_slot():
    """Otherwise the second release of a service is the last."""
    stage = _started().ended()
    with pytest.raises(Refused, match="green is stable; release to blue"):
        stage.order(Orders.START, slot="green", version="3")
    stage.order(Orders.START, slot="blue", version="3")
    assert stage.ended().state.stable == "blue"
    assert stage.state.number == 2


@pytest.mark.parametrize(
    ("slot", "said"), [("red", "there is no slot 'red'"), ("blue", "blue is stable; release to green")]
)
def test_a_release_needs_a_slot_that_is_not_stable(slot, said):
    """Otherwise a slip overwrites what everybody uses."""
    with pytest.raises(Refused, match=said):
        Stage(_BY_HAND).order(Orders.START, slot=slot, version="2")


def test_a_second_release_waits_for_the_first():
    """Otherwise two people's releases are judged as one."""
    with pytest.raises(Refused, match="2 is Pending: abort it first"):
        _started().order(Orders.START, slot="green", version="3")


@pytest.mark.parametrize("verb", [verb for verb in Orders if verb is not Orders.START])
def test_without_a_release_there_is_nothing_to_order(verb):
    """Otherwise a command for the wrong rollout seems to have worked."""
    with pytest.raises(Refused, match="shop has no release yet; start one"):
        Stage(_BY_HAND).order(verb)


def test_promoted_by_one_step():
    """Otherwise whoever is sure of a version waits for evidence all the same."""
    stage = _started().running()
    stage.order(Orders.PROMOTE)
    assert (stage.state.step, stage.state.weight, stage.whats[-1]) == (1, 10, "advanced")


def test_promoted_to_everybody():
    """Otherwise an urgent fix climbs the whole ladder."""
    stage = _started().running()
    stage.order(Orders.PROMOTE, full=True)
    assert (stage.state.phase, stage.state.stable, stage.whats[-1]) == (Phase.SUCCESSFUL, "green", "promoted")


def test_paused_and_resumed():
    """Otherwise nobody can hold a release while they look at something odd."""
    stage = _started().running()
    stage.order(Orders.PAUSE, reason="odd logs")
    for _ in range(600):
        stage.second()
    assert (stage.state.weight, stage.state.hold, stage.state.why) == (5, Hold.PERSON, "paused: odd logs")
    stage.order(Orders.RESUME)
    assert stage.ended().state.phase is Phase.SUCCESSFUL


def test_a_paused_release_is_still_rolled_back():
    """Otherwise a pause protects the version instead of its users."""
    stage = _started().running()
    stage.order(Orders.PAUSE)
    stage.base, stage.times = 0.005, 20.0
    assert stage.ended().whats[-1] == "rolled_back"


def test_a_gate_is_not_resumed_but_promoted():
    """Otherwise "resume" skips a gate that somebody has put there on purpose."""
    stage = _started(steps=(Step(20, gate=Gate.MANUAL),))
    stage.run(lambda stage: stage.state.phase is Phase.PAUSED)
    with pytest.raises(Refused, match="nobody has paused it: waits for somebody to promote it"):
        stage.order(Orders.RESUME)


def test_a_pause_at_a_gate_leads_back_to_the_gate():
    """Otherwise pausing and resuming opens it."""
    stage = _started(steps=(Step(20, gate=Gate.MANUAL),))
    stage.run(lambda stage: stage.state.phase is Phase.PAUSED)
    stage.order(Orders.PAUSE)
    stage.order(Orders.RESUME)
    stage.run(lambda stage: stage.state.phase is Phase.PAUSED, 5)
    assert stage.state.hold is Hold.GATE


def test_aborted_and_tried_again_with_a_new_number():
    """Otherwise the second attempt is judged by the errors of the first."""
    stage = _started().running()
    stage.order(Orders.ABORT)
    assert (stage.state.phase, stage.state.weight, stage.state.evidence) == (Phase.FAILED, 0, None)
    stage.order(Orders.RETRY)
    event = stage.last
    assert (event.what.value, event.before, event.after) == ("retried", Phase.FAILED, Phase.PENDING)
    assert (stage.state.number, stage.state.release.version, stage.state.weight) == (2, "2", 5)
    assert stage.ended().state.phase is Phase.SUCCESSFUL


def test_rolled_back_after_success_the_slots_swap_again():
    """Otherwise the way back after the last step is a deploy."""
    stage = _started().ended()
    stage.order(Orders.ROLL_BACK, reason="complaints")
    assert (stage.state.phase, stage.state.stable, stage.state.weight) == (Phase.FAILED, "blue", 0)
    stage.order(Orders.RETRY)
    assert stage.ended().state.stable == "green"


@pytest.mark.parametrize("verb", [Orders.PROMOTE, Orders.PAUSE, Orders.RESUME, Orders.ABORT, Orders.RETRY])
def test_what_has_succeeded_can_only_be_rolled_back(verb):
    """Otherwise a late command changes what everybody uses."""
    stage = _started().ended()
    with pytest.raises(Refused, match="what can be done: roll back"):
        stage.order(verb)


def test_a_release_in_error_is_tried_again_where_it_stands():
    """Otherwise a slip in a file costs all the evidence so far."""
    stage = _started().running()
    stage.state = faulted(stage.definition, stage.state, "the file makes no sense", stage.now).state
    assert (stage.state.phase, stage.state.weight) == (Phase.ERROR, 5)
    again = faulted(stage.definition, stage.state, "the file makes no sense", stage.now)
    assert not again.events
    stage.order(Orders.RETRY)
    assert (stage.state.phase, stage.state.number, stage.state.weight) == (Phase.RUNNING, 1, 5)


def test_an_order_under_an_edit_that_nobody_has_folded_yet_works():
    """Otherwise the abort that follows an edit fails, in the second in which it is needed."""
    stage = _started().running()
    stage.edit(analysis=AnalysisRules(guards=(GuardRule("errors", Guard(0.05)),)))
    stage.order(Orders.ABORT)
    assert stage.state.phase is Phase.FAILED


def test_what_ran_before_a_slot_was_renamed_is_not_guessed():
    """Otherwise a rollback sends everybody to an arbitrary slot."""
    stage = _started().ended()
    stage.definition = replace(stage.definition, slots=("old", "new"), initial="new", fingerprint="f2")
    stage.decide(ready=READY)
    with pytest.raises(Refused, match="green is no slot any more"):
        stage.order(Orders.ROLL_BACK)


def test_a_slot_that_is_gone_is_not_tried_again():
    """Otherwise a release starts in a slot that nothing routes to."""
    stage = _started().running()
    stage.order(Orders.ABORT)
    stage.definition = replace(stage.definition, slots=("blue", "new"), fingerprint="f2")
    with pytest.raises(Refused, match="green is no slot any more"):
        stage.order(Orders.RETRY)
