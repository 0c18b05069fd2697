"""Which endpoints are taken out for what they answer, and for how long."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reliakit.failover.outlier_rules import Detection, OutlierRules
from reliakit.failover.outliers import Outliers, success_rate_threshold

_RULES = OutlierRules()


def _fail(outliers, endpoint, times=5, status=500, now=0.0, usable=None):
    usable = usable or [True] * len(outliers.monitors)
    return [each for _ in range(times) for each in outliers.failed(endpoint, status, now, 0.5, usable)]


def _sweep(outliers, now, usable=None):
    return outliers.sweep(now, 0.5, usable or [True] * len(outliers.monitors))


def test_five_errors_in_a_row_eject_for_half_a_minute():
    """Otherwise a broken endpoint fails its share of the requests until somebody looks."""
    outliers = Outliers(_RULES, 3, 0.0)
    assert _fail(outliers, 1, 4) == []
    [ejection] = _fail(outliers, 1, 1)
    assert (ejection.endpoint, ejection.what, ejection.enforced) == (1, Detection.CONSECUTIVE_5XX, True)
    assert ejection.seconds == 30.0
    assert [monitor.ejected for monitor in outliers.monitors] == [None, 0.0, None]


def test_a_success_in_between_begins_the_count_anew():
    """Otherwise five errors in a year eject an endpoint."""
    outliers = Outliers(_RULES, 3, 0.0)
    _fail(outliers, 1, 4)
    outliers.succeeded(1)
    assert _fail(outliers, 1, 4) == []


def test_gateway_failures_are_told_and_not_enforced_by_default():
    """Otherwise a default ejects where Envoy's does not."""
    outliers = Outliers(OutlierRules(consecutive_5xx=99), 3, 0.0)
    assert _fail(outliers, 0, 4, None) == []
    [found] = _fail(outliers, 0, 1, 503)
    assert (found.what, found.enforced) == (Detection.CONSECUTIVE_GATEWAY_FAILURE, False)
    _fail(outliers, 0, 4, 502)
    assert _fail(outliers, 0, 1, 500) == []
    assert _fail(outliers, 0, 4, 504) == []
    enforced = OutlierRules(consecutive_5xx=99, enforcing_consecutive_gateway_failure=100.0)
    [ejection] = _fail(Outliers(enforced, 3, 0.0), 0, 5, None)
    assert ejection.enforced


def test_an_ejection_ends_with_the_first_sweep_after_its_time():
    """Otherwise an endpoint that is well again stays away for ever."""
    outliers = Outliers(_RULES, 3, 0.0)
    _fail(outliers, 1, now=5.0)
    assert outliers.next_end() == 35.0
    assert not outliers.due(9.9)
    assert outliers.due(10.0)
    assert _sweep(outliers, 34.9) == []
    [back] = _sweep(outliers, 35.0)
    assert (back.endpoint, back.what) == (1, None)
    assert outliers.monitors[1].ejected is None


def test_ejections_grow_with_each_and_shrink_with_time_in_health():
    """Otherwise an endpoint that flaps comes back every half minute for ever, or one bad night is held against it."""
    outliers, lengths, now = Outliers(_RULES, 3, 0.0), list[float](), 0.0
    for _ in range(12):
        lengths += [each.seconds for each in _fail(outliers, 1, now=now)]
        now += lengths[-1]
        _sweep(outliers, now)
    assert lengths == [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]
    for _ in range(20):
        now += 10
        _sweep(outliers, now)
    assert [each.seconds for each in _fail(outliers, 1, now=now)] == [30]


def test_a_tenth_may_be_out_and_one_always():
    """Otherwise detection empties an upstream, or does nothing for a small one."""
    small = Outliers(_RULES, 5, 0.0)
    assert [each.enforced for number in (0, 1) for each in _fail(small, number)] == [True, False]
    large = Outliers(_RULES, 30, 0.0)
    assert [each.enforced for number in range(5) for each in _fail(large, number)] == [True] * 3 + [False] * 2


def test_a_lone_endpoint_is_never_ejected():
    """Otherwise the only endpoint there is gets nothing, for its own good."""
    [found] = _fail(Outliers(_RULES, 1, 0.0), 0)
    assert not found.enforced


def test_the_last_available_endpoint_is_never_ejected():
    """Otherwise two endpoints, one of them down, become none."""
    rules = OutlierRules(max_ejection_percent=100.0)
    down = Outliers(rules, 2, 0.0)
    assert [each.enforced for each in _fail(down, 0, usable=[True, False])] == [False]
    both = Outliers(rules, 2, 0.0)
    assert [each.enforced for number in (0, 1) for each in _fail(both, number)] == [True, False]


def test_the_threshold_is_the_mean_less_the_deviations():
    """Otherwise the word of the setting is not what it does; the figures are those of a hand calculation."""
    assert success_rate_threshold([100, 100, 100, 100, 50], 1.9) == pytest.approx(90 - 1.9 * 20)


def _serve(outliers, rates, requests, statuses=500):
    for number, rate in enumerate(rates):
        bad = round(requests * (100 - rate) / 100)
        for each in range(requests):
            if each % (requests // bad if bad else requests + 1) == 0 and bad:
                outliers.failed(number, statuses, 0.0, 0.5, [True] * len(rates))
                bad -= 1
            else:
                outliers.succeeded(number)


def test_an_endpoint_that_succeeds_less_than_the_others_is_ejected():
    """Otherwise one that fails every third request, never five in a row, goes on for ever."""
    outliers = Outliers(_RULES, 6, 0.0)
    _serve(outliers, [99, 99, 99, 99, 99, 67], 100)
    [ejection] = _sweep(outliers, 10.0)
    assert (ejection.endpoint, ejection.what) == (5, Detection.SUCCESS_RATE)
    assert "succeed, below" in ejection.why


@pytest.mark.parametrize(("endpoints", "requests"), [(4, 100), (6, 99)])
def test_too_few_to_compare_are_not_compared(endpoints, requests):
    """Otherwise chance ejects where nothing is known."""
    outliers = Outliers(_RULES, endpoints, 0.0)
    _serve(outliers, [100] * (endpoints - 1) + [67], requests)
    assert _sweep(outliers, 10.0) == []


def test_what_was_counted_before_a_sweep_counts_no_longer():
    """Otherwise an endpoint pays for an hour ago."""
    outliers = Outliers(_RULES, 6, 0.0)
    _serve(outliers, [100] * 5 + [67], 60)
    assert _sweep(outliers, 10.0) == []
    _serve(outliers, [100] * 5 + [67], 60)
    assert _sweep(outliers, 20.0) == []


def test_mostly_failing_is_told_and_enforced_only_where_asked():
    """Otherwise a default ejects where Envoy's does not, or the setting does nothing."""
    rates = [100, 100, 100, 100, 10]
    for percent, enforced in ((0.0, False), (100.0, True)):
        rules = OutlierRules(
            enforcing_failure_percentage=percent, enforcing_success_rate=0.0, consecutive_5xx=999
        )
        outliers = Outliers(rules, 5, 0.0)
        for number, rate in enumerate(rates):
            for each in range(100):
                if each < rate:
                    outliers.succeeded(number)
                else:
                    outliers.failed(number, 500, 0.0, 0.5, [True] * 5)
        found = {each.what: each.enforced for each in _sweep(outliers, 10.0)}
        assert found[Detection.FAILURE_PERCENTAGE] is enforced


def test_enforcing_by_a_share_ejects_that_share():
    """Otherwise nobody can try it out on some."""
    rules = OutlierRules(enforcing_consecutive_5xx=30.0)
    assert rules.enforced(Detection.CONSECUTIVE_5XX, 0.29)
    assert not rules.enforced(Detection.CONSECUTIVE_5XX, 0.3)


@settings(max_examples=40)
@given(st.integers(1, 12), st.sampled_from([10.0, 50.0, 100.0]), st.integers(0, 10_000))
def test_whatever_they_answer_somebody_is_left(size, percent, seed):
    """Otherwise some order of failures empties an upstream, or ejects more than was allowed."""
    chance, rules = Random(seed), OutlierRules(max_ejection_percent=percent)
    outliers = Outliers(rules, size, 0.0)
    usable = [chance.random() < 0.8 for _ in range(size)]
    for step in range(60):
        for number in range(size):
            for _ in range(chance.choice((0, 3, 6))):
                outliers.failed(number, 503, float(step * 5), chance.random(), usable)
            if chance.random() < 0.3:
                outliers.succeeded(number)
        if outliers.due(step * 5.0):
            outliers.sweep(step * 5.0, chance.random(), usable)
        out = [monitor.ejected is not None for monitor in outliers.monitors]
        assert sum(out) <= max(1, percent / 100 * size)
        assert any(able and not gone for able, gone in zip(usable, out, strict=True)) or not any(
            able and gone for able, gone in zip(usable, out, strict=True)
        )
