"""Whoever is woken by a rollback reads one sentence, and it is true."""

import json

import pytest

from reliakit.rollouts.baseline import ENOUGH, Baseline
from reliakit.rollouts.blocks import Block
from reliakit.rollouts.durations import Durations
from reliakit.rollouts.errors import Rollback, RollbackRule
from reliakit.rollouts.guards import Guard, Guarded
from reliakit.rollouts.judging import (
    judge_guard,
    judge_latency,
    judge_latency_promotion,
    judge_mismatch,
    judge_promotion,
    judge_ratio,
    judge_rollback,
)
from reliakit.rollouts.latency import Latency, LatencyRule
from reliakit.rollouts.latency_promotion import LatencyPromotion, LatencyPromotionRule
from reliakit.rollouts.mismatch import Mismatch
from reliakit.rollouts.promotion import Promotion, PromotionRule
from reliakit.rollouts.ratio import RatioEvidence
from reliakit.rollouts.ratio_rule import RatioRule, RatioStep
from reliakit.rollouts.verdict import Advice, Verdict
from tests.rollouts.blocks import folded, through_json

_GOLDEN = [(50, 950, 1, 4), (48, 952, 3, 5), (55, 945, 4, 6), (47, 953, 2, 5)]


def _rollback(blocks, **more):
    return judge_rollback(
        folded(Rollback.begun(RollbackRule()), blocks), folded(RatioEvidence(), blocks), **more
    )


def _latency(canary, stable, rule):
    test = Latency.begun(rule, Baseline(((250, ENOUGH - 20), (300, 20))))
    for _ in range(10):
        test = test.folded(Durations(canary, stable))
    return judge_latency(test)


@pytest.mark.parametrize(
    ("blocks", "advice", "sentence"),
    [
        (
            _GOLDEN,
            Advice.ROLL_BACK,
            (
                "10 of 200 canary requests failed against 20 of 3,800 on stable, "
                "9.4x (95 % between 2.4x and 32x), E = 11,640 >= 100"
            ),
        ),
        (
            [(50, 950, 3, 0)] * 2,
            Advice.ROLL_BACK,
            (
                "6 of 100 canary requests failed against 0 of 1,900 on stable, "
                "never on stable (95 % at least 8x), E = 369,745 >= 100"
            ),
        ),
        (
            [(5_000, 95_000, 0, 600)],
            Advice.WAIT,
            "0 of 5,000 canary requests failed against 600 of 95,000 on stable, 0x (95 % at most 0.21x), E = 0.5 < 100",
        ),
        (
            [(500, 9_500, 0, 0)],
            Advice.WAIT,
            "0 of 500 canary requests failed against 0 of 9,500 on stable, E = 1 < 100",
        ),
    ],
    ids=["worse", "alone in failing", "better", "no failure"],
)
def test_why_a_release_was_rolled_back_or_not(blocks, advice, sentence):
    """Otherwise people have to take it on trust, and will switch it off."""
    verdict = _rollback(blocks)
    assert verdict.sentence == sentence
    assert verdict.advice is advice
    assert verdict.counts == sum((Block(*block) for block in blocks), Block(0, 0))


def test_client_errors_hold():
    """Otherwise a broken client rolls back the release, or a canary that answers 422 to everyone is promoted."""
    verdict = _rollback(_GOLDEN, metric="client_errors", happened="were refused", advice=Advice.HOLD)
    assert (verdict.metric, verdict.advice) == ("client_errors", Advice.HOLD)
    assert "10 of 200 canary requests were refused" in verdict.sentence


def test_why_a_step_was_promoted():
    """Otherwise nobody knows whether it was evidence or luck."""
    blocks = [(500, 9_500, 1, 50)] * 4
    verdict = judge_promotion(folded(Promotion(PromotionRule()), blocks))
    assert verdict.advice is Advice.PROMOTE
    assert verdict.value >= verdict.threshold == 20
    assert verdict.sentence.startswith(
        "4 of 2,000 canary requests failed against 200 of 38,000 on stable, 0.38x"
    )
    assert judge_promotion(Promotion(PromotionRule())).advice is Advice.WAIT


def test_durations_are_told_by_the_quantile_that_says_most():
    """Otherwise a slow tail is reported as a median that looks fine."""
    verdict = _latency({250: 45, 320: 5}, {250: 940, 300: 10}, LatencyRule(0.2))
    assert verdict.advice is Advice.ROLL_BACK
    assert verdict.sentence.startswith(
        "50 of 500 canary requests were slower than stable's first p99.9 of 129 ms, 20 % forgiven, "
        "against 0 of 9,500 on stable, never on stable (95 % at least"
    )
    assert _latency({250: 50}, {250: 950}, LatencyRule()).advice is Advice.WAIT


def test_before_there_is_a_yardstick_durations_wait_and_say_so():
    """Otherwise a fresh release seems to have no latency analysis."""
    verdict = judge_latency(Latency.begun(LatencyRule()))
    assert verdict.advice is Advice.WAIT
    assert verdict.sentence == "durations are not judged before 2,000 stable requests"


def test_durations_speak_for_a_step_too():
    """Otherwise a step waits for durations without saying what it has."""
    test = LatencyPromotion(LatencyPromotionRule())
    for _ in range(40):
        test = test.folded(Baseline(((250, ENOUGH),)), Durations({250: 50}, {250: 950}))
    assert judge_latency_promotion(test).advice is Advice.PROMOTE
    assert judge_latency_promotion(LatencyPromotion(LatencyPromotionRule())).advice is Advice.WAIT


@pytest.mark.parametrize(("sticky", "advice"), [(False, Advice.HOLD), (True, Advice.WARN)])
def test_a_mismatch_holds_only_where_nobody_sticks(sticky, advice):
    """Otherwise one heavy user holds the release, or lost requests go unnoticed."""
    verdict = judge_mismatch(Mismatch(0.05, 700, 9_300), sticky)
    assert verdict.advice is advice
    assert verdict.sentence.startswith("the canary got 7 % of 10,000 requests, asked for was 5 %, E = ")
    assert judge_mismatch(Mismatch(0.05), sticky).advice is Advice.WAIT


def test_a_guard_says_what_it_measured_and_for_how_long():
    """Otherwise people can't tell a hiccup from an outage."""
    guard, state = Guard(0.05, 120.0), Guarded()
    for _ in range(24):
        state = state.folded(guard, 100, 6, 5.0)
    verdict = judge_guard(guard, state)
    assert verdict.advice is Advice.ROLL_BACK
    assert verdict.sentence == (
        "6 of 100 canary requests failed (6 %), limit 5 % for 120 s, breached for 120 s"
    )


@pytest.mark.parametrize(
    ("counts", "advice", "said"),
    [
        ((1_000, 19_000, 3, 19), Advice.ROLL_BACK, ", 3x, limit 2x after 1,000 canary requests"),
        ((1_000, 250, 1, 0), Advice.ROLL_BACK, "0 of 250 on stable, limit 2x after 1,000 canary requests"),
        ((500, 9_500, 0, 9), Advice.WAIT, ", 0x, limit 2x after 1,000 canary requests"),
    ],
)
def test_the_rule_of_the_tutorials_explains_itself(counts, advice, said):
    """Otherwise those who chose it can't compare it with the other."""
    verdict = judge_ratio(folded(RatioStep(), [counts]), RatioRule())
    assert verdict.advice is advice
    assert verdict.sentence.endswith(said)
    assert (verdict.value > verdict.threshold) is (advice is Advice.ROLL_BACK)


def test_a_verdict_survives_the_journal():
    """Otherwise nobody can ask a week later why."""
    everything = [
        _rollback(_GOLDEN),
        _rollback([(10_000, 90_000, 10_000, 10)] * 50),
        judge_mismatch(Mismatch(0.05, 700, 9_300), sticky=False),
    ]
    for verdict in everything:
        assert through_json(verdict) == verdict
        assert len(json.dumps(verdict.to_record())) < 1_024
    assert isinstance(Verdict.from_record(everything[0].to_record()).advice, Advice)
