"""A canary that fails more often is rolled back, and one that does not is left alone."""

from math import exp, inf, isfinite, log

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.errors import EPOCH, Rollback, RollbackRule
from reliakit.rollouts.lattice import RATIOS
from tests.rollouts.blocks import counts, folded, size, through_json
from tests.rollouts.formulas import e_above, e_rollback

_GOLDEN = [(50, 950, 1, 4), (48, 952, 3, 5), (55, 945, 4, 6), (47, 953, 2, 5)]
_epochs = st.lists(st.lists(counts(), min_size=1, max_size=4), min_size=1, max_size=6)


def _run(epochs, rule):
    test = Rollback.begun(rule)
    for blocks in epochs:
        test = folded(test.restarted(), blocks)
    return test


@pytest.mark.parametrize(
    ("epochs", "tolerate", "expected"),
    [
        ([_GOLDEN], 1.0, 9.3621672650),
        ([_GOLDEN[:2], _GOLDEN[2:]], 1.0, 9.3694526180),
        ([_GOLDEN], 2**0.25, 8.0238437202),
    ],
)
def test_the_published_values_to_ten_digits(epochs, tolerate, expected):
    """Otherwise releases are judged by another rule than the documented one."""
    assert _run(epochs, RollbackRule(tolerate)).log_e == pytest.approx(expected, abs=5e-11)


@given(_epochs, st.sampled_from([1.0, 2**0.25, 2.0, 16.0]))
@example([[(10, 20, 5, 0)]] * 6, 1.0)
def test_the_recursion_is_the_sum_over_all_epochs(epochs, tolerate):
    """Otherwise constant memory would be paid for with wrong rollbacks in long releases."""
    expected = e_rollback(epochs, tolerate)
    assert _run(epochs, RollbackRule(tolerate)).log_e == pytest.approx(log(expected), abs=1e-8)


@given(_epochs)
def test_with_a_floor_both_tests_must_be_convinced(epochs):
    """Otherwise a canary with two failures in a million is rolled back, though its team set a floor."""
    expected = min(e_rollback(epochs), e_above(epochs, 0.01))
    assert _run(epochs, RollbackRule(floor=0.01)).log_e == pytest.approx(log(expected), abs=1e-8)


@pytest.mark.parametrize(
    ("written", "snapped"), [(1, 0), (1.05, 1), (1.4, 2), (2**0.5, 2), (1.42, 3), (2, 4), (16, 16)]
)
def test_a_tolerance_is_snapped_up(written, snapped):
    """Otherwise a canary within the written tolerance could be rolled back."""
    rule = RollbackRule(written)
    assert rule.snapped == pytest.approx(2 ** (snapped / 4))
    assert rule.snapped >= written * (1 - 1e-9)
    assert rule.snapped in RATIOS


def test_an_epoch_begins_every_fifty_thousand_requests():
    """Otherwise a canary that was fine for weeks needs weeks of failing before anything happens."""
    test = folded(Rollback.begun(RollbackRule()), [(500, 9_500, 0, 10)] * 5)
    assert (test.seen, test.ratio.epochs) == (EPOCH, 1)
    test = folded(test, [(500, 9_500, 0, 10)])
    assert (test.seen, test.ratio.epochs) == (10_000, 2)


def test_a_step_without_traffic_spends_no_epoch():
    """Otherwise steps that follow quickly on each other dull the test for the rest of the release."""
    test = Rollback.begun(RollbackRule())
    assert test.restarted() == test
    once = folded(test, _GOLDEN).restarted()
    assert once.restarted() == once


def test_good_weeks_do_not_hide_a_fresh_regression():
    """Otherwise the canary that broke at 3 am on the tenth day keeps its traffic."""
    long_good = folded(Rollback.begun(RollbackRule(floor=0.001)), [(5_000, 45_000, 10, 225)] * 50)
    broken = folded(long_good, [(100, 900, 20, 5)] * 2)
    assert broken.reached


@given(st.lists(counts(), max_size=5))
def test_a_block_without_errors_changes_nothing(blocks):
    """Otherwise the mere amount of traffic would count for or against a canary."""
    test = folded(Rollback.begun(RollbackRule()), blocks)
    quiet = test.folded(Block(37, 20_000))
    assert quiet.ratio.logs == test.ratio.logs or quiet.ratio.epochs > test.ratio.epochs


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.5, 1.0])
def test_five_million_requests_overflow_nothing_and_stay_small(rate):
    """Otherwise the fold of a busy service crashes in its second week, or outgrows its row in the store."""
    canary, stable = round(10_000 * rate), round(90_000 * rate / 3)
    test = folded(Rollback.begun(RollbackRule(floor=0.001)), [(10_000, 90_000, canary, stable)] * 50)
    assert isfinite(test.log_e)
    assert test.reached is (rate > 0)
    assert size(test) < 2_048


def test_a_canary_that_never_fails_beside_a_failing_stable_is_safe():
    """Otherwise better is judged as worse."""
    test = folded(Rollback.begun(RollbackRule()), [(10_000, 90_000, 0, 90_000)] * 50)
    assert -inf < test.log_e < 0


@given(_epochs, st.sampled_from([None, 0.01]))
def test_a_state_survives_the_store_bit_by_bit(epochs, floor):
    """Otherwise it depends on restarts whether a release is rolled back."""
    test = _run(epochs, RollbackRule(1.4, floor))
    assert through_json(test) == test


def test_alpha_is_split_over_the_metrics_of_a_release():
    """Otherwise every metric more makes false alarms more likely."""
    assert exp(RollbackRule().shared(4).log_limit) == pytest.approx(400)


@pytest.mark.parametrize(
    "settings",
    [{"tolerate": 0.9}, {"tolerate": 17}, {"floor": 0.0}, {"floor": 0.125}, {"alpha": 0.0}, {"alpha": 1.0}],
)
def test_settings_out_of_range_are_refused(settings):
    """Otherwise a slip in a file becomes a logarithm of a negative number in production."""
    with pytest.raises(ValueError, match="not"):
        RollbackRule(**settings)
