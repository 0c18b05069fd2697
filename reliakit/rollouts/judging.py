"""Turns the states of tests into verdicts."""

from math import exp

from reliakit.rollouts.baseline import QUANTILES
from reliakit.rollouts.blocks import Block
from reliakit.rollouts.errors import Rollback
from reliakit.rollouts.guards import OUTSIDE, Guard, Guarded
from reliakit.rollouts.interval import Estimate, estimated
from reliakit.rollouts.latency import Latency
from reliakit.rollouts.latency_promotion import LatencyPromotion
from reliakit.rollouts.lattice import RATIOS
from reliakit.rollouts.mismatch import LIMIT, Mismatch
from reliakit.rollouts.mixtures import e_value
from reliakit.rollouts.promotion import Promotion
from reliakit.rollouts.ratio import RatioEvidence
from reliakit.rollouts.ratio_rule import Decision, RatioRule, RatioStep
from reliakit.rollouts.sentences import compared, counted, ratio_of, share_of, times
from reliakit.rollouts.verdict import Advice, Verdict

__all__ = [
    "judge_guard",
    "judge_latency",
    "judge_latency_promotion",
    "judge_mismatch",
    "judge_promotion",
    "judge_ratio",
    "judge_rollback",
]

_DECIDED = {
    Decision.WAIT: Advice.WAIT,
    Decision.PROMOTE: Advice.PROMOTE,
    Decision.ROLL_BACK: Advice.ROLL_BACK,
}


def judge_rollback(
    test: Rollback,
    evidence: RatioEvidence,
    metric: str = "errors",
    happened: str = "failed",
    advice: Advice = Advice.ROLL_BACK,
) -> Verdict:
    """Judges errors, client errors or a business metric.

    Args:
        test: the test since the release began.
        evidence: the same blocks, for the estimate.
        metric: its name.
        happened: what happened to a request that counts, for the sentence.
        advice: what follows when the limit is reached: HOLD for client errors, since a broken client looks like a
            broken canary.
    """
    e, limit = e_value(test.log_e), exp(test.rule.log_limit)
    return _of_ratio("rollback", metric, happened, (advice, test.reached), (e, limit), evidence)


def judge_promotion(test: Promotion, metric: str = "errors", happened: str = "failed") -> Verdict:
    """Judges whether a step may be promoted."""
    e = e_value(test.log_e)
    return _of_ratio(
        "promotion", metric, happened, (Advice.PROMOTE, test.reached), (e, test.rule.limit), test.evidence
    )


def judge_latency(test: Latency) -> Verdict:
    """Judges durations; people are told about the quantile that has the most evidence."""
    e, limit = e_value(test.log_e), 1 / test.rule.alpha
    if not test.baseline.frozen:
        sentence = "durations are not judged before 2,000 stable requests"
        return Verdict("rollback", "latency", Advice.WAIT, e, limit, Block(0, 0), None, sentence)
    place = max(range(len(QUANTILES)), key=lambda number: test.exceed[number].log_e)
    happened = _slower(test, place)
    outcome = (Advice.ROLL_BACK, test.reached)
    return _of_ratio("rollback", "latency", happened, outcome, (e, limit), test.evidence[place])


def _slower(test: Latency, place: int) -> str:
    p, edge = f"p{100 * QUANTILES[place]:g}", test.baseline.seconds(place)
    forgiven = f", {100 * test.rule.tolerate:g} % forgiven," if test.rule.tolerate else ""
    return f"were slower than stable's first {p} of {1000 * edge:.3g} ms{forgiven}"


def judge_latency_promotion(test: LatencyPromotion) -> Verdict:
    """Judges whether a step may be promoted by its durations."""
    e, happened = e_value(test.log_e), "were slower than stable's first p99"
    outcome = (Advice.PROMOTE, test.reached)
    return _of_ratio("promotion", "latency", happened, outcome, (e, test.rule.limit), test.tail.evidence)


def judge_mismatch(test: Mismatch, sticky: bool) -> Verdict:
    """Judges the split; with sticky routing a few heavy users explain a mismatch, and it is a warning only."""
    reached, e = test.reached, e_value(test.log_e)
    n = test.n_c + test.n_s
    got = share_of(test.n_c / n) if n else "nothing"
    said = f"the canary got {got} of {n:,} requests, asked for was {share_of(test.weight)}"
    advice = (Advice.WARN if sticky else Advice.HOLD) if reached else Advice.WAIT
    sentence = f"{said}, {compared(e, LIMIT, reached)}"
    return Verdict("mismatch", "requests", advice, e, LIMIT, Block(test.n_c, test.n_s), None, sentence)


def judge_guard(guard: Guard, state: Guarded, metric: str = "errors", happened: str = "failed") -> Verdict:
    """Judges an absolute limit."""
    requests, bad = state.measured
    tripped = state.tripped(guard)
    said = f"{bad:,} of {requests:,} canary requests {happened} ({share_of(state.share)})"
    limit = f"limit {share_of(guard.limit)} for {guard.seconds:g} s, breached for {state.breached:g} s"
    if metric.startswith(OUTSIDE):
        said = _seen_outside(metric.removeprefix(OUTSIDE), state)
        limit = f"limit {guard.seconds:g} s out of it, breached for {state.breached:g} s"
    advice = Advice.ROLL_BACK if tripped else Advice.WAIT
    counts = Block(requests, 0, bad)
    return Verdict("guard", metric, advice, state.share, guard.limit, counts, None, f"{said}, {limit}")


def _seen_outside(name: str, state: Guarded) -> str:
    if not state.measured[0]:
        return f"{name} has not been looked at yet"
    return f"{name} was {'out of its' if state.failing else 'within its'} limit at the last look"


def judge_ratio(step: RatioStep, rule: RatioRule) -> Verdict:
    """Judges by the rule of the tutorials. Its value is 64 where only the canary fails, as in estimates."""
    counts, decision = step.counts, step.decided(rule)
    ratio = _plain_ratio(counts)
    asked = f"limit {times(rule.times)} after {rule.requests:,} canary requests"
    said = [counted(counts, "failed"), times(ratio) if counts.e_s else "", asked]
    sentence = ", ".join(part for part in said if part)
    return Verdict("ratio", "errors", _DECIDED[decision], ratio, rule.times, counts, None, sentence)


def _plain_ratio(counts: Block) -> float:
    if counts.e_s and counts.n_c:
        return counts.e_c * counts.n_s / (counts.e_s * counts.n_c)
    return RATIOS[-1] if counts.e_c else 0.0


def _of_ratio(
    test: str,
    metric: str,
    happened: str,
    outcome: tuple[Advice, bool],
    values: tuple[float, float],
    evidence: RatioEvidence,
) -> Verdict:
    advice, reached = outcome
    estimate: Estimate = estimated(evidence)
    parts = [
        counted(evidence.counts, happened),
        ratio_of(estimate, evidence.counts),
        compared(*values, reached),
    ]
    sentence = ", ".join(part for part in parts if part)
    given = advice if reached else Advice.WAIT
    return Verdict(test, metric, given, *values, evidence.counts, estimate, sentence)
