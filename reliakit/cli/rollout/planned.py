"""A plan in words."""

from collections.abc import Iterator
from math import inf

from reliakit.rollouts.definition import Gate, Step, Strategy
from reliakit.rollouts.planning import Plan, Regression, StepPlan
from reliakit.rollouts.sentences import share_of, times

__all__ = ["advice", "gate", "length", "notes", "requests", "said", "summary", "weight"]

_GATES = {
    Gate.AUTO: "",
    Gate.MANUAL: "waits for a person",
    Gate.WEBHOOK: "waits for its webhook",
}


def length(seconds: float) -> str:
    """Returns "45 s", "12 min", "7.8 h" or "never"."""
    if seconds == inf:
        return "never"
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours = seconds / 3600
    return f"{seconds / 60:.0f} min" if hours < 1 else f"{hours:.3g} h" if hours < 100 else f"{hours:,.0f} h"


def requests(count: float) -> str:
    """Returns "49,400": three digits are more than a plan knows."""
    if count == inf:
        return "never"
    digits = max(0, len(f"{count:.0f}") - 3)
    return f"{round(count / 10**digits) * 10**digits:,}"


def weight(step: Step) -> str:
    """Returns "5 %", or "preview"."""
    return f"{step.weight:g} %" if step.weight else "preview"


def gate(step: Step) -> str:
    """Returns who lets a step end."""
    return _GATES[step.gate]


def said(planned: StepPlan) -> str:
    """Returns one line about a step."""
    step, took, came = planned.step, planned.seconds, planned.requests
    counts = ("", "") if came is None else (_in_brackets(came.expected), _in_brackets(came.worst))
    parts = [f"expected {length(took.expected)}{counts[0]}", f"worst {length(took.worst)}{counts[1]}"]
    return f"{weight(step)}: {', '.join(parts)}{'; then ' if gate(step) else ''}{gate(step)}"


def _in_brackets(count: float) -> str:
    return "" if count == inf else f" ({requests(count)} requests)"


def summary(plan: Plan) -> Iterator[str]:
    """Yields a line about the release, and one for each regression."""
    took, gates = plan.seconds, any(each.step.gate is not Gate.AUTO for each in plan.steps)
    if plan.definition.strategy is Strategy.AB:
        yield "held at its weight until somebody promotes or aborts it"
    else:
        without = ", without what its gates take" if gates else ""
        yield f"release: expected {length(took.expected)}, worst {length(took.worst)}{without}"
    first = next((each.step for each in plan.steps if each.step.compares), None)
    for each in plan.regressions:
        if first is not None and each.requests is not None:
            yield f"{times(each.times)} worse at {weight(first)}: {_found(each)}"


def _found(regression: Regression) -> str:
    if regression.seconds == inf or regression.requests is None or regression.seconds is None:
        return "is tolerated"
    return f"rolled back after {length(regression.seconds)}{_in_brackets(regression.requests)}"


def advice(plan: Plan, step: StepPlan) -> str:
    """Returns what to do about a step that misses its deadline, or may."""
    misses = "inconclusive" if plan.late(step) else "in one of twenty releases or more inconclusive"
    todo = "widen margin, raise the weight, or lengthen deadline"
    return f"{weight(step.step)}: {misses} after {length(plan.definition.deadline)}: {todo}"


def notes(plan: Plan) -> Iterator[str]:
    """Yields what a plan can't know."""
    yield f"assumed: {plan.rps:g} requests a second, of which {share_of(plan.base_rate)} fail"
    for step in plan.steps:
        if not step.step.weight and step.step.requests:
            yield f"preview: needs {step.step.requests:,} requests, and nobody knows when they come"
    if plan.definition.analysis.dry_run:
        yield "dry run: the evidence would suffice by then, and nothing advances but by a person"
    if plan.unplanned:
        yield f"judged too, at rates that are not known here: {', '.join(plan.unplanned)}"
