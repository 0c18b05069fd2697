"""What keeps a release from going on, whatever speaks in its favour, and what does not."""

from dataclasses import replace

import pytest

from reliakit.rollouts.definition import Gate, Step
from reliakit.rollouts.observed import GateAnswer
from reliakit.rollouts.orders import Orders
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.state import Hold
from tests.rollouts.stage import Stage, canary


def _waiting(stage):
    return stage.run(lambda stage: stage.state.phase is Phase.PAUSED, 3_000)


def _gated(gate, **changes):
    return canary(
        steps=(
            Step(20, gate=gate, webhook="https://ops.example" if gate is Gate.WEBHOOK else None, **changes),
            Step(50),
        )
    )


def _answer(stage, approved, **changes):
    return replace(GateAnswer(stage.state.number, stage.state.step, approved, "said so"), **changes)


def test_a_timed_pause_passes_by_itself():
    """Otherwise somebody has to get up at night to let a release go on."""
    stage = _waiting(Stage(canary(steps=(Step(20, pause=90.0), Step(50))), 1, base=0.0))
    assert stage.state.hold is Hold.TIME
    began = stage.now
    stage.run(lambda stage: stage.state.weight == 50, 100)
    assert 90 <= stage.now - began <= 92


def test_a_manual_gate_waits_for_somebody():
    """Otherwise what needs a person's yes ships without it."""
    stage = _waiting(Stage(_gated(Gate.MANUAL), 1, base=0.0))
    for _ in range(200):
        stage.second()
    assert (stage.state.phase, stage.state.hold, stage.state.weight) == (Phase.PAUSED, Hold.GATE, 20)
    stage.order(Orders.PROMOTE)
    assert (stage.state.phase, stage.state.weight) == (Phase.RUNNING, 50)


def test_a_gate_after_a_pause_is_announced():
    """Otherwise nobody is told that the release waits for them now."""
    stage = _waiting(Stage(_gated(Gate.MANUAL, pause=10.0), 1, base=0.0))
    stage.run(lambda stage: stage.state.hold is Hold.GATE, 20)
    assert stage.whats[-2:] == ["waiting", "waiting"]
    assert stage.last.sentence == "waits for somebody to promote it"


def test_a_release_that_turns_bad_at_a_gate_is_rolled_back():
    """Otherwise it fails for as long as nobody looks."""
    stage = _waiting(Stage(_gated(Gate.MANUAL), 1))
    stage.times = 10.0
    assert stage.ended().whats[-1] == "rolled_back"


def test_a_webhook_lets_a_release_go_on():
    """Otherwise a gate asked by machine needs a person after all."""
    stage = _waiting(Stage(_gated(Gate.WEBHOOK), 1, base=0.0))
    assert stage.state.hold is Hold.WEBHOOK
    stage.decide(gate=_answer(stage, True))
    assert (stage.state.phase, stage.state.weight) == (Phase.RUNNING, 50)
    assert stage.last.sentence == "its webhook approved: said so"


def test_a_webhook_can_refuse():
    """Otherwise a no is the same as no answer."""
    stage = _waiting(Stage(_gated(Gate.WEBHOOK), 1, base=0.0))
    stage.decide(gate=_answer(stage, False))
    assert (stage.state.phase, stage.last.what.value) == (Phase.FAILED, "aborted")
    assert "said so" in stage.last.sentence


@pytest.mark.parametrize("other", [{"step": 1}, {"number": 7}])
@pytest.mark.parametrize("approved", [True, False])
def test_an_answer_about_another_step_is_left_alone(other, approved):
    """Otherwise a late answer opens, or ends, what it was never asked about."""
    stage = _waiting(Stage(_gated(Gate.WEBHOOK), 1, base=0.0))
    assert not stage.decide(gate=_answer(stage, approved, **other))
    assert stage.state.hold is Hold.WEBHOOK


def test_a_gate_that_an_edit_takes_away_is_not_waited_for():
    """Otherwise a release waits for a webhook that nobody asks any more."""
    stage = _waiting(Stage(_gated(Gate.WEBHOOK), 1, base=0.0))
    stage.edit(steps=(Step(20), Step(50)))
    stage.run(lambda stage: stage.state.weight == 50, 5)
    assert "resumed" in stage.whats


def test_a_release_goes_on_only_where_its_slot_is_ready():
    """Otherwise everybody is sent to a version that is just being restarted."""
    stage = _waiting(Stage(canary(steps=(Step(20, pause=5.0),)), 1, base=0.0))
    stage.look = {"ready": frozenset({"blue"})}
    for _ in range(20):
        stage.second()
    assert (stage.state.phase, stage.state.why) == (Phase.PAUSED, "green is not ready")
    stage.look = {}
    assert stage.ended().state.phase is Phase.SUCCESSFUL


def test_a_spent_budget_freezes_promotion():
    """Otherwise the objective is only a number on a wall."""
    stage = Stage(canary(), 1, base=0.0, look={"budget": -0.2}).running()
    for _ in range(400):
        stage.second()
    assert (stage.state.weight, stage.state.why) == (5, "the error budget is spent")
    stage.look = {"budget": 0.1}
    assert stage.ended().state.phase is Phase.SUCCESSFUL


def test_a_spent_budget_never_freezes_a_rollback():
    """Otherwise the version that spends the budget can't be taken back."""
    stage = Stage(canary(), 1, times=10.0, look={"budget": -2.0})
    assert stage.ended().whats[-1] == "rolled_back"


def test_client_errors_hold_and_never_roll_back():
    """Otherwise a model that answers 422 to everyone ships, or one broken client takes back a good release."""
    stage = Stage(canary(deadline=600.0), 1, base=0.0, client_errors=(0.01, 0.2))
    stage.run(lambda stage: stage.state.phase is Phase.INCONCLUSIVE, 1_000)
    assert "held: " in stage.last.sentence
    assert "were client errors" in stage.last.sentence
    assert stage.state.weight == 5


def test_the_sentence_of_a_hold_stays_as_it_began():
    """Otherwise the state changes with every request, and every worker reads it again."""
    stage = Stage(canary(), 1, base=0.0, client_errors=(0.01, 0.2)).running()
    stage.run(lambda stage: stage.state.why.startswith("held"), 400)
    why = stage.state.why
    for _ in range(20):
        stage.second()
    assert stage.state.why == why


def _skewed(sticky, **look):
    """Asked for 20 %, gets half of that."""
    stage = Stage(canary(sticky=sticky, steps=(Step(20), Step(50)), deadline=400.0), 1, base=0.0, look=look)
    while stage.now < 1_000_300 and stage.state.weight != 50:
        stage.put("green", fine=40)
        stage.put("blue", fine=360)
        stage.decide()
    return stage


def test_a_split_that_is_not_as_asked_holds_where_nobody_sticks():
    """Otherwise a version ships on the requests that did not get lost."""
    stage = _skewed(False)
    assert (stage.state.phase, stage.state.weight) == (Phase.RUNNING, 20)
    assert "the canary got 10 % of" in stage.state.why


def test_where_people_stick_a_mismatch_is_said_once_and_holds_nothing():
    """Otherwise a few heavy users stop every release, or fill the journal."""
    stage = _skewed(True)
    assert stage.whats.count("warned") == 1
    assert stage.state.weight == 50


def test_the_split_counts_only_once_every_worker_knows_the_weight():
    """Otherwise every change of the weight looks like a broken router while it spreads."""
    stage = _skewed(False, settled=False)
    assert "held" not in stage.state.why
    assert stage.state.weight == 50


def test_waiting_for_a_slot_is_no_mismatch():
    """Otherwise a version that takes an hour to start is held for the requests that it could not get."""
    stage = Stage(canary(sticky=False), 1, base=0.0, look={"ready": frozenset({"blue"})})
    for _ in range(600):
        stage.put("blue", fine=400)
        stage.decide()
    stage.look = {}
    assert stage.ended().state.phase is Phase.SUCCESSFUL


def test_a_canary_in_one_zone_of_two_is_no_mismatch():
    """Otherwise a canary with fewer zones than stable is held for ever: its share of its own zone is doubled."""
    stage = Stage(canary(sticky=False, steps=(Step(10), Step(50))), 1, base=0.0)
    for _ in range(400):
        stage.put("green", "a", fine=41)
        stage.put("blue", "a", fine=180)
        stage.put("blue", "b", fine=181)
        stage.decide()
        if stage.state.weight == 50:
            return
    raise AssertionError(stage.state.why)
