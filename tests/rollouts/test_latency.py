"""A canary that is slower is noticed, whether everything is a little slower or a little is much slower."""

import random
from bisect import bisect_left
from collections import Counter
from math import exp, fsum, isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.core.histogram import LOG_EDGES
from reliakit.rollouts.baseline import ENOUGH, QUANTILES, Baseline
from reliakit.rollouts.durations import LAST, Durations, bins_at_least, bins_at_most, shifted, sparse
from reliakit.rollouts.latency import Latency, LatencyRule
from reliakit.rollouts.latency_promotion import LatencyPromotion, LatencyPromotionRule
from reliakit.rollouts.mixtures import log_mean
from reliakit.rollouts.tilt import LAMBDAS, log_tilts
from tests.rollouts.blocks import size, through_json
from tests.rollouts.formulas import e_rollback, restarting

_bins = st.dictionaries(st.integers(200, 320), st.integers(1, 30), min_size=1, max_size=20)
_blocks = st.builds(Durations, _bins, _bins)


def _drawn(chance, count, slower=1.0, tail=0.0):
    """Bins of so many log-normal durations around 50 ms; a share `tail` of them takes a second more."""
    seconds = [
        chance.lognormvariate(-3, 0.6) * slower + (1.0 if chance.random() < tail else 0.0)
        for _ in range(count)
    ]
    return Counter(bisect_left(LOG_EDGES, duration) for duration in seconds)


def _traffic(seed, blocks, **canary):
    chance = random.Random(seed)
    return [Durations(_drawn(chance, 50, **canary), _drawn(chance, 950)) for _ in range(blocks)]


def _run(blocks, rule=None):
    test = Latency.begun(rule or LatencyRule())
    for block in blocks:
        test = test.folded(block)
    return test


def test_the_published_rank_tilt_to_ten_digits():
    """Otherwise releases are judged by another rule than the documented one."""
    blocks = [
        ([5, 8, 10, 14, 13], [200, 190, 190, 185, 185]),
        ([6, 7, 12, 12, 13], [190, 195, 188, 190, 187]),
    ]
    tilts = [
        log_tilts(Durations(sparse(c), sparse(s)), [-0.9, -0.5, 0.0, 0.5, 0.9], LAMBDAS) for c, s in blocks
    ]
    total = [sum(parts) for parts in zip(*tilts, strict=True)]
    assert log_mean(total) == pytest.approx(3.3742854352, abs=5e-11)


def _on_paper(epochs, baseline):
    """E by the formulas, from raw bins and without any of the code under test."""
    whole = sum(baseline.values())

    def score(number):
        below = sum(count for other, count in baseline.items() if other < number)
        return 2 * (below + baseline.get(number, 0) / 2) / whole - 1

    def tilt(block, lam):
        n_c, n_s = sum(block.canary.values()), sum(block.stable.values())
        f, total = n_c / (n_c + n_s), 0.0
        for number in {*block.canary, *block.stable}:
            c, s, r = block.canary.get(number, 0), block.stable.get(number, 0), 1 + lam * score(number)
            total += c * log(r) - (c + s) * log(f * r + 1 - f)
        return total

    def slow(block, edge):
        counts = [sum(c for b, c in bins.items() if b > edge) for bins in (block.canary, block.stable)]
        return sum(block.canary.values()), sum(block.stable.values()), *counts

    def edge(share):
        return min(b for b in baseline if sum(c for a, c in baseline.items() if a <= b) >= share * whole)

    ranks = [restarting([[tilt(block, lam) for block in epoch] for epoch in epochs]) for lam in LAMBDAS]
    exceeds = [
        e_rollback([[slow(block, edge(share)) for block in epoch] for epoch in epochs]) for share in QUANTILES
    ]
    return (fsum(ranks) / 5 + 1 / (2 * len(epochs))) / 2 + fsum(exceeds) / 10


@given(st.lists(st.lists(_blocks, min_size=1, max_size=3), min_size=1, max_size=3))
def test_it_is_the_mean_of_both_parts_over_all_epochs(epochs):
    """Otherwise one of the two kinds of slowness is not noticed as promised."""
    baseline = dict.fromkeys(range(210, 310), 20)
    test = Latency.begun(LatencyRule(), Baseline(tuple(baseline.items())))
    for blocks in epochs:
        test = test.restarted()
        for block in blocks:
            test = test.folded(block)
    assert test.log_e == pytest.approx(log(_on_paper(epochs, baseline)), abs=1e-8)


@pytest.mark.parametrize(
    ("canary", "blocks"), [({"slower": 1.25}, 12), ({"slower": 1.1}, 60), ({"tail": 0.02}, 40)]
)
def test_slowness_is_noticed(canary, blocks):
    """Otherwise a release makes everybody wait, and no rule says a word."""
    assert _run(_traffic(1, blocks, **canary)).reached
    assert not _run(_traffic(1, 60)).reached


def test_what_is_tolerated_is_left_alone():
    """Otherwise "up to 20 % slower is fine" would not be true."""
    blocks = _traffic(2, 40, slower=1.15)
    assert _run(blocks).reached
    assert not _run(blocks, LatencyRule(tolerate=0.2)).reached


def test_the_first_two_thousand_stable_requests_are_the_yardstick_and_judge_nothing():
    """Otherwise a cold start is judged by a handful of requests, or the yardstick bends to what it measures."""
    first, later = _traffic(3, 3, tail=1.0), _traffic(4, 5)
    test = _run(first)
    assert test.baseline.frozen
    assert sum(count for _, count in test.baseline.counts) >= ENOUGH
    assert test.log_e == pytest.approx(0.0)
    frozen = test.baseline
    for block in later:
        test = test.folded(block)
    assert test.baseline == frozen


def test_an_epoch_begins_every_fifty_thousand_requests():
    """Otherwise a canary that was fast for weeks needs weeks of being slow before anything happens."""
    test = Latency.begun(LatencyRule(), Baseline(((250, ENOUGH),)))
    for _ in range(5):
        test = test.folded(Durations({250: 500}, {250: 9_500}))
    assert (test.seen, test.rank.epochs) == (50_000, 1)
    test = test.folded(Durations({250: 500}, {250: 9_500}))
    assert (test.seen, test.rank.epochs) == (10_000, 2)
    assert {part.ratio.epochs for part in test.exceed} == {2}


@given(_bins, st.integers(0, 30))
def test_shifting_loses_nobody(bins, by):
    """Otherwise a tolerance would hide requests instead of forgiving some of their time."""
    for with_last in (True, False):
        moved = shifted({**bins, LAST: 3}, by, with_last)
        assert sum(moved.values()) == sum(bins.values()) + 3
    assert shifted({LAST: 3}, 5, with_last=False) == {LAST: 3}
    assert shifted({LAST: 3, 2: 1}, 5, with_last=True) == {LAST - 5: 3, 0: 1}


@pytest.mark.parametrize(("slower", "least", "most"), [(0.0, 0, 0), (0.04, 1, 1), (0.2, 5, 4), (1.0, 18, 17)])
def test_tolerances_are_rounded_in_the_safe_direction(slower, least, most):
    """Otherwise rounding to 4 % rolls back what is tolerated, or promotes what is beyond the margin."""
    assert (bins_at_least(slower), bins_at_most(slower)) == (least, most)


def _promoting(blocks, **settings):
    baseline = Baseline().with_more(_drawn(random.Random(9), ENOUGH))
    test = LatencyPromotion(LatencyPromotionRule(**settings))
    for block in blocks:
        test = test.folded(baseline, block)
    return test


def test_a_canary_that_is_as_fast_is_promoted_and_a_slower_one_is_not():
    """Otherwise good releases wait for ever, or slow ones ship."""
    assert _promoting(_traffic(5, 60)).reached
    assert not _promoting(_traffic(5, 60, slower=1.3)).reached
    assert not _promoting(_traffic(5, 60, tail=0.05)).reached


def test_a_service_whose_durations_are_all_alike_is_promoted():
    """Otherwise a cache that answers everything within one bin never gets past its first step."""
    flat = Baseline(((200, ENOUGH),))
    test = LatencyPromotion(LatencyPromotionRule())
    for _ in range(40):
        test = test.folded(flat, Durations({200: 50}, {200: 950}))
    assert test.reached


def test_the_margin_must_exceed_the_tolerance():
    """Otherwise the same canary is both tolerated and never promoted."""
    with pytest.raises(ValueError, match="margin must exceed"):
        LatencyPromotionRule(margin=0.2, tolerate=0.2)
    with pytest.raises(ValueError, match="limit"):
        LatencyPromotionRule(limit=1.0)
    with pytest.raises(ValueError, match="tolerate"):
        LatencyRule(tolerate=-0.1)


def test_five_million_requests_overflow_nothing_and_stay_small():
    """Otherwise the fold of a busy service crashes in its second week, or outgrows its row in the store."""
    chance = random.Random(6)
    canary, stable = _drawn(chance, 5_000, slower=3.0), _drawn(chance, 5_000)
    for block in (Durations(canary, stable), Durations(stable, canary)):
        big = Durations(
            *({number: 10 * count for number, count in bins.items()} for bins in (block.canary, stable))
        )
        test = _run([big] * 50)
        assert isfinite(test.log_e)
        assert isfinite(_promoting([big] * 50).log_e)
        assert size(test) < 12_000
    assert exp(min(700, _run([Durations(canary, stable)] * 50).log_e)) > 100


@given(st.lists(_blocks, max_size=5))
def test_a_state_survives_the_store_bit_by_bit(blocks):
    """Otherwise it depends on restarts whether a release is rolled back."""
    test = Latency.begun(LatencyRule(0.2), Baseline(((250, ENOUGH),)))
    promotion = LatencyPromotion(LatencyPromotionRule())
    for block in blocks:
        test, promotion = test.folded(block), promotion.folded(test.baseline, block)
    assert through_json(test) == test
    assert through_json(promotion) == promotion
