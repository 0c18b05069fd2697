"""What was served goes into the evidence once, and only what can be compared."""

from dataclasses import replace

import pytest

from reliakit.core.outcome import Outcome
from reliakit.rollouts.bursts import BITS, WINDOW
from reliakit.rollouts.controller import decide
from reliakit.rollouts.definition import AnalysisRules, Better, ErrorRules, MetricRules
from reliakit.rollouts.folding import LONELY, folded
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.served import CountsLost, Served, gather, incident_set, incidents_in, series
from tests.rollouts.stage import READY, Stage, canary
from tests.rollouts.states import RICH


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


def test_the_same_observation_is_folded_once():
    """Otherwise two workers that decide about the same moment count it twice."""
    stage = _begun()
    before, evidence = _counts(stage), stage.state.evidence
    stage.decide()
    stage.decide()
    assert _counts(stage) == before
    assert stage.evidence.step_requests == evidence.step_requests


def test_small_blocks_wait_with_their_errors():
    """Otherwise a service with little traffic is judged by noise, or never."""
    stage = _begun()
    before = _counts(stage)
    _both(stage, 9, errors=1)
    stage.decide()
    assert _counts(stage) == before
    _both(stage, 9, errors=1)
    stage.decide()
    more = _counts(stage)
    assert (more.n - before.n, more.e_c - before.e_c, more.e_s - before.e_s) == (36, 2, 2)


def test_errors_wait_longer_than_the_store_remembers_them():
    """Otherwise the failures of a quiet night speak for the canary in the morning."""
    stage = _begun()
    before = _counts(stage)
    _both(stage, 9, errors=3)
    stage.decide()
    for _ in range(5):
        stage.decide(WINDOW)
    assert not stage.observed().incidents
    _both(stage, 100)
    stage.decide()
    more = _counts(stage)
    assert (more.e_c - before.e_c, more.e_s - before.e_s) == (3, 3)
    stage.decide()
    assert _counts(stage) == more


def test_one_angry_client_is_one_error():
    """Otherwise whoever retries in anger decides about the release."""
    stage = _begun()
    before = _counts(stage)
    stage.put("green", fine=60, errors=40)
    stage.put("blue", fine=100)
    for key in stage.failed:
        stage.failed[key] = [1, 0]
    stage.decide()
    assert _counts(stage).e_c - before.e_c == 1
    assert stage.evidence.pending[""].errors == (0, 0)


def _full(what):
    return {(what, "", 0): (BITS // 2 + 1, 3)}


def test_a_block_whose_errors_are_too_many_to_count_is_dropped():
    """Otherwise a full bitmap makes a failing canary look fine."""
    stage = _begun()
    before = _counts(stage)
    _both(stage, 100)
    stage.decide(incidents=_full("errors"))
    assert _counts(stage) == before
    _both(stage, 100)
    stage.decide()
    assert _counts(stage).n - before.n == 200


def test_too_many_client_errors_to_count_leave_the_other_tests_alone():
    """Otherwise a site with many 404s is never judged by anything."""
    stage = _begun()
    before = _counts(stage)
    clients = stage.evidence.analysis.client_errors.evidence.counts
    _both(stage, 100)
    stage.decide(incidents=_full("client_errors"))
    assert _counts(stage).n - before.n == 200
    assert stage.evidence.analysis.client_errors.evidence.counts == clients


def test_only_zones_that_both_serve_are_compared():
    """Otherwise a bad zone in which only stable runs speaks for the canary."""
    stage = _begun()
    before = _counts(stage)
    for _ in range(5):
        _both(stage, 100, locality="a")
        stage.put("blue", "b", fine=50, errors=50)
        stage.decide()
    more = _counts(stage)
    assert (more.n_s - before.n_s, more.e_s - before.e_s) == (500, 0)


def test_a_canary_that_comes_late_is_not_compared_with_the_hours_before():
    """Otherwise the first second of a canary, in an outage, is compared with stable's quiet night."""
    stage = Stage(canary(), 1)
    for _ in range(20):
        stage.put("blue", fine=LONELY)
        stage.decide()
    stage.put("green", fine=70, errors=30)
    stage.put("blue", fine=700, errors=300)
    stage.decide()
    assert _counts(stage).n_s == 1_000
    assert stage.state.phase is Phase.RUNNING


def test_forced_requests_are_no_evidence():
    """Otherwise whoever tests the canary by header decides about it."""
    stage = _begun()
    before = _counts(stage)
    stage.put("green", fine=10, errors=500, assignment="forced")
    stage.decide()
    assert _counts(stage) == before
    assert stage.state.phase is Phase.RUNNING


def test_counts_that_go_down_are_told_from_a_slip_in_our_own_code():
    """Otherwise a bug is journalled as the store's fault."""
    stage = _begun()
    with pytest.raises(CountsLost):
        folded(stage.definition, stage.state, Observed(ready=READY), stage.now)
    with pytest.raises(CountsLost):
        Served((1, 0, 0, 0, 0)).minus(Served((1, 0, 0, 0, 0), metrics={"order": 1}))


_ORDERS = MetricRules("order", Better.HIGHER, ErrorRules())


def _with_metrics(stage, orders):
    served = {
        place: replace(each, metrics={"order": orders.get(place[0], 0)})
        for place, each in stage.observed().served.items()
    }
    return {"served": served}


def test_a_business_metric_that_falls_rolls_back():
    """Otherwise a checkout that answers 200 and sells nothing ships."""
    stage = Stage(canary(analysis=AnalysisRules(metrics=(_ORDERS,))), 1, base=0.0)
    orders = {"green": 0, "blue": 0}
    for _ in range(60):
        _both(stage, 100)
        orders = {"green": orders["green"] + 30, "blue": orders["blue"] + 60}
        stage.decide(**_with_metrics(stage, orders))
        if stage.state.phase is Phase.FAILED:
            break
    assert stage.state.phase is Phase.FAILED
    assert "had no order" in stage.last.sentence


def test_requests_without_durations_are_judged_by_the_rest():
    """Otherwise a second in which only WebSockets came stops every decision with an exception."""
    stage = Stage(canary(analysis=RICH), 1)
    stage.decide()
    for number in range(1, 4):
        _both(stage, 2_000)
        bins = {150: 2_000 * min(number, 2)}
        served = {place: replace(each, bins=bins) for place, each in stage.observed().served.items()}
        stage.decide(served=served)
    assert stage.evidence.analysis.latency is not None
    assert stage.evidence.analysis.latency.against.baseline.frozen
    assert _counts(stage).n == 12_000


def test_series_are_read_as_they_are_written():
    """Otherwise what workers publish is not what the controller sees."""
    place = ("green", "split", "eu/a")
    sums = {
        series("shop", 3, place, "success"): 90,
        series("shop", 3, place, "error"): 10,
        series("shop", 3, place, "b17"): 100,
        series("shop", 3, place, "m:order"): 7,
        series("shop", 3, place, "later"): 1,
        series("shop", 2, place, "success"): 5_000,
        series("shop2", 3, place, "success"): 5_000,
    }
    found = gather(sums, "shop", 3)
    assert found == {place: Served((90, 10, 0, 0, 0), {17: 100}, {"order": 7})}
    marks = {
        incident_set("shop", 3, "green", "errors", "eu/a", 7): 4,
        incident_set("shop", 2, "green", "errors", "", 7): 9,
    }
    assert list(incidents_in(marks, "shop", 3)) == [("green", "errors", "eu/a", 7, 4)]


def test_who_leaves_early_and_what_was_injected_says_nothing():
    """Otherwise our own faults, or impatient people, take a version back."""
    row = [0] * len(Outcome)
    row[Outcome.CANCELLED], row[Outcome.INJECTED] = 500, 500
    assert Served(tuple(row)).requests == 0


def test_a_version_with_more_outcomes_is_read():
    """Otherwise old workers take the counts of new ones for lost while a deploy runs."""
    assert Served.from_record([[5, 1, 0, 0, 0, 9], [], {}]) == Served((5, 1, 0, 0, 0))
    assert Served.from_record([[5, 1], [3, 6], {}]) == Served((5, 1, 0, 0, 0), {3: 6})


def test_the_next_look_is_soon_while_something_is_judged():
    """Otherwise a rollback waits for whoever happens to ask."""
    stage = _begun()
    assert decide(stage.definition, stage.state, stage.observed(), stage.now).wake == stage.now + 1
