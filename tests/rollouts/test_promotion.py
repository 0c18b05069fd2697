"""A step is promoted by evidence, never by silence."""

import random
from dataclasses import replace
from math import isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.phases import Trigger
from reliakit.rollouts.promotion import Promotion, PromotionRule, log_e_floor, log_e_ratio
from reliakit.rollouts.ratio import RatioEvidence
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.transitions import began
from reliakit.rollouts.usual import Usual
from tests.rollouts.blocks import counts, folded, size, through_json
from tests.rollouts.formulas import e_floor, e_ratio
from tests.rollouts.stage import canary, reread

_GOLDEN = [(500, 9500, 3, 50), (520, 9480, 2, 47), (480, 9520, 2, 55), (500, 9500, 1, 48)]
_blocks = st.lists(counts(), min_size=1, max_size=6)


def test_the_published_values_to_ten_digits():
    """Otherwise releases are promoted by another rule than the documented one."""
    test = folded(Promotion(PromotionRule()), _GOLDEN)
    assert log_e_ratio(test.evidence, test.rule.base) == pytest.approx(4.2422877484, abs=5e-11)
    assert log_e_floor(1, 2_000, 0.005) == pytest.approx(6.1191250210, abs=5e-11)


@given(_blocks, st.sampled_from([2.0, 2**1.25, 8.0]), st.sampled_from([None, 0.005, 0.05]))
def test_it_is_the_mean_of_both_tests(blocks, margin, floor):
    """Otherwise one of the two ways to be promoted is closed, or too wide."""
    usual = _usual(blocks)
    ratio = e_ratio(usual, margin)
    n_c, e_c = sum(block[0] for block in usual), sum(block[2] for block in usual)
    expected = ratio if floor is None else (ratio + e_floor(e_c, n_c, floor)) / 2
    test = folded(Promotion(PromotionRule(margin, floor)), blocks)
    assert test.log_e == pytest.approx(log(expected), abs=1e-8)


def _usual(blocks):
    """Returns those blocks in which stable fails as usual."""
    usual, kept = Usual(), []
    for each in blocks:
        kept += [each] if usual.has(Block(*each)) else []
        usual = usual.with_more(Block(*each))
    return kept


_FINE, _OUTAGE = (50, 950, 1, 5), (50, 950, 15, 285)


def test_an_outage_that_hits_both_says_nothing_in_favour():
    """Otherwise a database that is away for ten seconds promotes a canary that is three times worse."""
    worse = [(50, 950, 1, 6), (50, 950, 0, 7)] * 10
    before = folded(Promotion(PromotionRule()), worse)
    assert folded(before, [_OUTAGE] * 10).log_e == before.log_e


def test_what_stable_fails_at_for_good_becomes_usual():
    """Otherwise a service whose errors have doubled three times can never be released again."""
    ten = 50, 950, 3, 50
    before = folded(Promotion(PromotionRule()), [_FINE] * 10)
    assert folded(before, [ten] * 40).evidence == before.evidence
    after = folded(before, [ten] * 200)
    assert after.usual.has(Block(*ten))
    assert after.evidence.counts.n > before.evidence.counts.n


def test_a_short_outage_leaves_hardly_a_trace():
    """Otherwise the second outage of a release would count, because of the first."""
    test = folded(Promotion(PromotionRule()), [_FINE] * 30 + [_OUTAGE] * 10 + [_FINE] * 30)
    assert test.evidence.counts.n == 60 * 1_000
    assert not test.usual.has(Block(*_OUTAGE))


@pytest.mark.parametrize("rate", [0.0, 0.002, 0.02, 0.3])
def test_chance_is_not_taken_for_an_outage(rate):
    """Otherwise evidence of a quiet service gets lost, and its releases take longer than planned."""
    chance, usual, unusual = random.Random(5), Usual(), 0
    for _ in range(5_000):
        block = Block(20, 380, 0, sum(chance.random() < rate for _ in range(380)))
        unusual += not usual.has(block)
        usual = usual.with_more(block)
    assert unusual == 0


def test_an_outage_at_the_very_beginning_is_all_there_is_to_know():
    """Otherwise a release that begins in an outage would wait for good times that nobody has promised."""
    assert Usual().has(Block(*_OUTAGE))


def test_a_step_keeps_in_mind_what_is_usual():
    """Otherwise an outage right after a step counts in favour."""
    test = folded(Promotion(PromotionRule()), [_FINE] * 30).restarted()
    assert folded(test, [_OUTAGE]).log_e == test.log_e == 0.0


def test_a_release_that_begins_in_an_outage_knows_what_was_usual_before():
    """Otherwise a fix that is released while everything fails is promoted within seconds, whatever it is."""
    moving = began(canary(), RolloutState.begun(canary()), 0.0)
    moving.begin("green", "2", "because")
    evidence, known = moving.state.evidence, Usual(10_000, 50.0)
    assert evidence is not None
    errors = replace(evidence.analysis.errors, promotion=Promotion(PromotionRule(), usual=known))
    moving.put(evidence=replace(evidence, analysis=replace(evidence.analysis, errors=errors)))
    moving.go_back(Trigger.ABORT, "because")
    assert reread(moving.state).usual == known
    moving.begin("green", "3", "because")
    again = moving.state.evidence
    assert again is not None
    assert again.usual == known


@given(_blocks, _blocks)
def test_evidence_adds_up(first, second):
    """Otherwise localities that are counted apart can't be judged together."""
    one, two = folded(RatioEvidence(), first), folded(RatioEvidence(), second)
    both = folded(RatioEvidence(), first + second)
    assert (one + two).counts == both.counts
    assert (one + two).pooled == pytest.approx(both.pooled, abs=1e-8)


def test_a_service_without_any_error_is_promoted_because_of_the_floor():
    """Otherwise the best service of all waits at its first step for ever."""
    blocks = [(50, 950, 0, 0)] * 25
    assert folded(Promotion(PromotionRule()), blocks).reached
    assert not folded(Promotion(PromotionRule(floor=None)), blocks * 100).reached


def test_no_traffic_promotes_nothing():
    """Otherwise silence ships."""
    assert Promotion(PromotionRule()).log_e == 0.0
    assert not Promotion(PromotionRule()).reached


def test_a_step_begins_without_the_evidence_of_the_one_before():
    """Otherwise a canary that breaks under load is promoted on what it did without."""
    test = folded(Promotion(PromotionRule()), [(50, 950, 0, 0)] * 25)
    assert test.restarted() == Promotion(PromotionRule(), usual=test.usual)


def test_the_margin_is_snapped_down_and_must_stay_above_the_tolerance():
    """Otherwise more is let pass than was written, or the same canary is both rolled back and promoted."""
    assert PromotionRule(1.9).base == PromotionRule(2**0.75).base
    with pytest.raises(ValueError, match="margin must exceed"):
        PromotionRule(1.5, tolerate=2**0.5)
    with pytest.raises(ValueError, match="margin must exceed"):
        PromotionRule(1.1)


@pytest.mark.parametrize("settings", [{"floor": 0.0}, {"floor": 1.0}, {"limit": 1.0}, {"margin": 65.0}])
def test_settings_out_of_range_are_refused(settings):
    """Otherwise a slip in a file becomes a release that promotes itself."""
    with pytest.raises(ValueError, match="not"):
        PromotionRule(**settings)


@pytest.mark.parametrize("rate", [0.0, 0.001, 1.0])
def test_five_million_requests_overflow_nothing_and_stay_small(rate):
    """Otherwise the fold of a busy service crashes in its second week, or outgrows its row in the store."""
    errors = round(10_000 * rate), round(90_000 * rate)
    test = folded(Promotion(PromotionRule()), [(10_000, 90_000, *errors)] * 50)
    assert isfinite(test.log_e)
    assert size(test) < 2_048


@given(_blocks)
def test_a_state_survives_the_store_bit_by_bit(blocks):
    """Otherwise it depends on restarts whether a step is promoted."""
    test = folded(Promotion(PromotionRule()), blocks)
    assert through_json(test) == test
