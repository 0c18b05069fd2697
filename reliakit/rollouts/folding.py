"""Takes what was served since the last look into the evidence: the next block, if it is large enough for one.

The cursor in the evidence says what is in it already, so the same requests can't be folded twice, whoever decides.
"""

from collections.abc import Mapping
from dataclasses import replace

from reliakit.rollouts.analysis import Analysis
from reliakit.rollouts.blocks import foldable
from reliakit.rollouts.bursts import Incidents
from reliakit.rollouts.definition import GuardRule, RolloutDefinition, Step
from reliakit.rollouts.evidence import Evidence, Pending, Spent
from reliakit.rollouts.mismatch import Mismatch
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.served import NOTHING, Served, localities
from reliakit.rollouts.slices import bad_requests, sliced
from reliakit.rollouts.state import Hold, RolloutState

__all__ = ["CANARY", "LONGEST", "OUTSIDE", "folded", "rebased"]

LONGEST = 5.0
"""Seconds that one fold adds at most."""
SPLIT, FORCED = "split", "forced"
OUTSIDE = "outside:"
"""How the metric of a guard starts that looks at a metric from outside."""
CANARY = "canary"
"""Under which the evidence remembers how many requests the canary has had."""


def folded(definition: RolloutDefinition, state: RolloutState, observed: Observed, now: float) -> Evidence:
    """Returns the evidence with what is new. `now` is a reading of the store's clock.

    Raises:
        ValueError: counts went down: the store has lost what it held, see `rebased`.
    """
    evidence, step = state.evidence, state.present_step(definition)
    assert evidence is not None
    elapsed = min(LONGEST, max(0.0, now - evidence.at))
    canary = state.canary(definition)
    evidence = replace(evidence, analysis=evidence.analysis.under(definition.analysis, step), at=now)
    evidence = _looked(evidence, definition, observed, canary, step, state, elapsed)
    if step.compares and state.active:
        evidence = _compared(evidence, definition, observed, canary, step)
    return evidence


def rebased(state: RolloutState, observed: Observed, now: float) -> Evidence:
    """Returns the evidence after the store has lost its counts: what is there now counts as folded."""
    assert state.evidence is not None
    return replace(state.evidence, cursor=dict(observed.served), pending={}, looked={}, at=now)


def _looked(
    evidence: Evidence,
    definition: RolloutDefinition,
    observed: Observed,
    canary: str,
    step: Step,
    state: RolloutState,
    elapsed: float,
) -> Evidence:
    """Lets time pass, and every guard see what the canary has served, preview traffic where that is all there is."""
    preview = step.weight == 0 and state.active
    assignment = FORCED if preview else SPLIT
    served = [
        each for (slot, kind, _), each in observed.served.items() if (slot, kind) == (canary, assignment)
    ]
    seen = {CANARY: (sum(each.requests for each in served), 0)}
    for rule in definition.analysis.guards:
        seen[rule.name] = _seen(rule, served, definition, observed, evidence)
    fresh = {name: _since(pair, evidence.looked.get(name, (0, 0))) for name, pair in seen.items()}
    requests = fresh[CANARY][0]
    return replace(
        evidence,
        analysis=evidence.analysis.guarded(definition.analysis, fresh, elapsed),
        spent=_spent(evidence.spent, state, elapsed, idle=not requests),
        looked=seen,
        step_requests=evidence.step_requests + requests,
    )


def _seen(
    rule: GuardRule,
    served: list[Served],
    definition: RolloutDefinition,
    observed: Observed,
    evidence: Evidence,
) -> tuple[int, int]:
    if not rule.metric.startswith(OUTSIDE):
        pairs = [bad_requests(each, rule, definition.analysis.metrics) for each in served]
        return sum(requests for requests, _ in pairs), sum(bad for _, bad in pairs)
    looks, bad = evidence.looked.get(rule.name, (0, 0))
    said = [each for each in observed.outside if each.name == rule.metric.removeprefix(OUTSIDE)]
    return looks + len(said), bad + sum(not each.good for each in said)


def _since(now: tuple[int, int], then: tuple[int, int]) -> tuple[int, int]:
    requests, bad = now[0] - then[0], now[1] - then[1]
    if requests < 0 or bad < 0:
        raise ValueError("counts went down")
    return requests, bad


def _spent(spent: Spent, state: RolloutState, elapsed: float, *, idle: bool) -> Spent:
    waits = state.phase is Phase.SUCCESSFUL or state.hold is Hold.TIME
    return Spent(
        release=spent.release + elapsed,
        step=spent.step + (elapsed if state.phase is Phase.RUNNING else 0.0),
        waiting=spent.waiting + elapsed if waits else 0.0,
        idle=spent.idle + elapsed if idle else 0.0,
    )


def _compared(
    evidence: Evidence, definition: RolloutDefinition, observed: Observed, canary: str, step: Step
) -> Evidence:
    """Folds a block for each locality that both slots serve, where it is large enough."""
    cursor, analysis = dict(evidence.cursor), evidence.analysis
    pending = _with_incidents(evidence.pending, observed)
    stable = definition.other(canary)
    for locality in localities(observed.served):
        here, beside = (canary, SPLIT, locality), (stable, SPLIT, locality)
        new_c, new_s = (
            observed.served.get(place, NOTHING).minus(cursor.get(place, NOTHING)) for place in (here, beside)
        )
        kept = pending.get(locality, Pending())
        piece = sliced(new_c, new_s, kept.errors, kept.client_errors, definition.analysis.metrics)
        if not foldable(piece.errors):
            continue
        analysis = analysis if kept.unknown else analysis.folded(piece)
        cursor.update({place: observed.served.get(place, NOTHING) for place in (here, beside)})
        pending[locality] = Pending(incidents=kept.incidents, client_incidents=kept.client_incidents)
    analysis = _with_split(analysis, evidence, observed, step)
    settled = evidence.settled or observed.settled
    return replace(evidence, analysis=analysis, cursor=cursor, pending=pending, settled=settled)


def _with_split(analysis: Analysis, evidence: Evidence, observed: Observed, step: Step) -> Analysis:
    """Starts to judge the split once every live worker knows the weight: with the block after this one."""
    if analysis.mismatch is None and (evidence.settled or observed.settled):
        return replace(analysis, mismatch=Mismatch(step.weight / 100))
    return analysis


def _with_incidents(pending: Mapping[str, Pending], observed: Observed) -> dict[str, Pending]:
    """Adds the clients that have failed since, also where no block is large enough yet: by the time one is, the
    store may have forgotten their windows.
    """
    found = dict(pending)
    for (what, locality, window), bits in sorted(observed.incidents.items()):
        before = found.get(locality, Pending())
        found[locality] = _counted(before, what == "errors", window, bits)
    return found


def _counted(before: Pending, errors: bool, window: int, bits: tuple[int, int]) -> Pending:
    incidents: Incidents = before.incidents if errors else before.client_incidents
    after, fresh = incidents.fresh(window, *bits)
    if fresh is None:
        return replace(before, unknown=True)
    if errors:
        return replace(before, incidents=after, errors=_sum(before.errors, fresh))
    return replace(before, client_incidents=after, client_errors=_sum(before.client_errors, fresh))


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]
