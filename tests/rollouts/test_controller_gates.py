"""What keeps a release from going on, whatever speaks in its favour, and what does not."""

from dataclasses import replace

import pytest

from reliakit.rollouts.controller import decide
from reliakit.rollouts.definition import AnalysisRules, Gate, GuardRule, Step
from reliakit.rollouts.errors import RollbackRule
from reliakit.rollouts.guards import Guard
from reliakit.rollouts.observed import GateAnswer, Outside
from reliakit.rollouts.orders import Orders
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.state import Hold
from tests.rollouts.stage import Stage, canary

_DRY = AnalysisRules(dry_run=True)


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
    assert stage.state.evidence.analysis.errors.promotion.reached
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
