"""What all tests of a release say together: whether it is to go back, hold, or may go on, and why."""

from collections.abc import Iterator

from reliakit.rollouts.analysis import Analysis
from reliakit.rollouts.definition import AnalysisRules, MetricRules, RolloutDefinition
from reliakit.rollouts.judging import (
    judge_guard,
    judge_latency,
    judge_latency_promotion,
    judge_mismatch,
    judge_promotion,
    judge_ratio,
    judge_rollback,
)
from reliakit.rollouts.ratio_rule import Decision
from reliakit.rollouts.verdict import Advice, Verdict

__all__ = ["against", "favourable", "holding", "mismatched", "verdicts"]

_CLIENT_ERROR = "were client errors"


def against(analysis: Analysis, rules: AnalysisRules, compares: bool = True) -> bool:
    """Whether the release is to be rolled back. Cheap: it is asked at every fold.

    Where nothing runs beside, guards alone say so: what was found while something did has been acted on.
    """
    if any(analysis.guards[rule.name].tripped(rule.guard) for rule in rules.guards):
        return True
    if not compares:
        return False
    if analysis.ratio is not None and rules.ratio is not None:
        return analysis.ratio.decided(rules.ratio) is Decision.ROLL_BACK
    return (
        analysis.errors.against.rollback.reached
        or (analysis.latency is not None and analysis.latency.against.reached)
        or any(test.against.rollback.reached for test in analysis.metrics.values())
    )


def holding(analysis: Analysis, definition: RolloutDefinition) -> bool:
    """Whether something says that the release must not go on, and is no reason to go back."""
    held = analysis.client_errors
    return (held is not None and held.rollback.reached) or (mismatched(analysis) and not definition.sticky)


def mismatched(analysis: Analysis) -> bool:
    """Whether the split is not what was asked for."""
    return analysis.mismatch is not None and analysis.mismatch.reached


def favourable(analysis: Analysis, rules: AnalysisRules, compares: bool) -> bool:
    """Whether the evidence lets the step end. Where nothing runs beside, every guard has to have looked and found
    nothing; where there is no guard either, evidence lets nothing end, and a person has to.
    """
    guards = [analysis.guards[rule.name] for rule in rules.guards]
    if any(state.failing for state in guards):
        return False
    if not compares:
        return bool(guards) and all(state.measured[0] > 0 for state in guards)
    if analysis.ratio is not None and rules.ratio is not None:
        return analysis.ratio.decided(rules.ratio) is Decision.PROMOTE
    return (
        analysis.errors.promotion.reached
        and (analysis.latency is None or analysis.latency.promotion.reached)
        and all(test.promotion.reached for test in analysis.metrics.values())
    )


def verdicts(analysis: Analysis, definition: RolloutDefinition) -> tuple[Verdict, ...]:
    """Returns what each test says, the weightiest first: what asks to go back, then to hold, then to go on.

    It takes about a hundred times as long as `against`: for transitions and for people, not for every fold.
    """
    found = sorted(_verdicts(analysis, definition), key=_weight, reverse=True)
    return tuple(found)


def _weight(verdict: Verdict) -> tuple[int, float]:
    rank = (Advice.WAIT, Advice.WARN, Advice.PROMOTE, Advice.HOLD, Advice.ROLL_BACK).index(verdict.advice)
    return rank, verdict.value / verdict.threshold if verdict.threshold else 0.0


def _verdicts(analysis: Analysis, definition: RolloutDefinition) -> Iterator[Verdict]:
    rules = definition.analysis
    if analysis.ratio is not None and rules.ratio is not None:
        yield judge_ratio(analysis.ratio, rules.ratio)
    else:
        yield from _sequential(analysis, rules)
    held = analysis.client_errors
    if held is not None:
        yield judge_rollback(held.rollback, held.evidence, "client_errors", _CLIENT_ERROR, Advice.HOLD)
    if analysis.mismatch is not None:
        yield judge_mismatch(analysis.mismatch, definition.sticky)
    for rule in rules.guards:
        yield judge_guard(rule.guard, analysis.guards[rule.name], rule.metric, _happened(rule.metric, rules))


def _sequential(analysis: Analysis, rules: AnalysisRules) -> Iterator[Verdict]:
    errors = analysis.errors
    yield judge_rollback(errors.against.rollback, errors.against.evidence)
    yield judge_promotion(errors.promotion)
    if analysis.latency is not None:
        yield judge_latency(analysis.latency.against)
        yield judge_latency_promotion(analysis.latency.promotion)
    for name, test in analysis.metrics.items():
        happened = _happened(name, rules)
        yield judge_rollback(test.against.rollback, test.against.evidence, name, happened)
        yield judge_promotion(test.promotion, name, happened)


def _happened(metric: str, rules: AnalysisRules) -> str:
    known: MetricRules | None = next((each for each in rules.metrics if each.name == metric), None)
    if known is not None:
        return f"had no {metric}" if known.better == "higher" else f"had {metric}"
    return {"errors": "failed", "client_errors": _CLIENT_ERROR, "latency": "were too slow"}.get(
        metric, metric
    )
