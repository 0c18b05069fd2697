"""Takes what was served since the last look into the evidence: the next block, if it is large enough for one.

The cursor in the evidence says what is in it already, so the same requests can't be folded twice, whoever decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reliakit.rollouts.analysis import Analysis
from reliakit.rollouts.blocks import Block, foldable
from reliakit.rollouts.bursts import Incidents
from reliakit.rollouts.definition import GuardRule, RolloutDefinition
from reliakit.rollouts.evidence import Evidence, Pending, Spent
from reliakit.rollouts.guards import OUTSIDE
from reliakit.rollouts.mismatch import Mismatch
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.served import NOTHING, CountsLost, Served, localities
from reliakit.rollouts.slices import bad_requests, sliced
from reliakit.rollouts.state import Hold, RolloutState

__all__ = ["CANARY", "LONELY", "LONGEST", "OUTSIDE", "folded", "lagging", "rebased"]

LONGEST = 5.0
"""Seconds that one fold adds at most."""
LONELY = 1_000
"""Requests of one slot alone that are left out of all blocks: the next block would compare hours with seconds."""
SPLIT, FORCED = "split", "forced"
CANARY = "canary"
"""Under which the evidence remembers how many requests the canary has had, and what ran beside it."""
_PREVIEW = "preview "


def folded(definition: RolloutDefinition, state: RolloutState, observed: Observed, now: float) -> Evidence:
    """Returns the evidence with what is new. `now` is a reading of the store's clock.

    Raises:
        CountsLost: counts went down, see `lagging`.
    """
    evidence, step = state.evidence, state.present_step(definition)
    assert evidence is not None
    elapsed = _elapsed(evidence, now)
    analysis = evidence.analysis.under(definition.analysis, step)
    evidence = replace(evidence, analysis=analysis, at=_reached(evidence, now), behind=0.0)
    evidence = _looked(evidence, definition, state, observed, elapsed)
    return (
        _compared(evidence, definition, state, observed) if state.compares else _left_out(evidence, observed)
    )


def lagging(state: RolloutState, now: float) -> Evidence:
    """Returns the evidence at a look whose counts are lower than the cursor: only time goes on.

    It may have been an old reading, or a store that has lost its counts and gets them back from its workers. Were
    the cursor to follow them down at once, what comes back would count twice.
    """
    evidence = state.evidence
    assert evidence is not None
    elapsed = _elapsed(evidence, now)
    spent = _spent(evidence.spent, state, elapsed, idle=False)
    return replace(
        evidence,
        at=_reached(evidence, now),
        behind=evidence.behind + elapsed,
        spent=replace(spent, idle=evidence.spent.idle),
    )


def rebased(definition: RolloutDefinition, state: RolloutState, observed: Observed, now: float) -> Evidence:
    """Returns the evidence after the store has lost its counts for good: what is there now counts as folded."""
    evidence = state.evidence
    assert evidence is not None
    looked = _looks(evidence, definition, state, observed)
    cursor = dict(observed.served)
    at = _reached(evidence, now)
    return replace(evidence, cursor=cursor, pending={}, looked=looked, at=at, behind=0.0)


def _elapsed(evidence: Evidence, now: float) -> float:
    return min(LONGEST, max(0.0, now - evidence.at))


def _reached(evidence: Evidence, now: float) -> float:
    """Returns where the clock stands after a look. An old answer, or a clock that goes to and fro, must not let the
    same seconds pass twice; one that was set back by more is followed, or time would stand still until it is caught up.
    """
    return evidence.at if evidence.at - LONGEST <= now < evidence.at else now


def _looked(
    evidence: Evidence,
    definition: RolloutDefinition,
    state: RolloutState,
    observed: Observed,
    elapsed: float,
) -> Evidence:
    """Lets time pass, and every guard see what the canary has served; and the split, what both have."""
    rules, before = definition.analysis, evidence.looked
    seen, mark = _looks(evidence, definition, state, observed), _mark(definition, state)
    # Who is new since the last look begins with the next one, and is not shown all that was before it.
    fresh = {name: _since(pair, before.get(name, pair if before else (0, 0))) for name, pair in seen.items()}
    counts = {rule.name: fresh[mark + rule.name] for rule in rules.guards}
    n_c, n_s = fresh[mark + CANARY]
    return replace(
        evidence,
        analysis=evidence.analysis.guarded(rules, counts, elapsed).split(Block(n_c, n_s)),
        spent=_spent(evidence.spent, state, elapsed, idle=not n_c),
        looked=seen,
        step_requests=evidence.step_requests + n_c,
    )


def _mark(definition: RolloutDefinition, state: RolloutState) -> str:
    """Preview traffic and that of everybody are counted apart, or the counts would go down at the switch."""
    return _PREVIEW if state.active and not state.present_step(definition).weight else ""


def _looks(
    evidence: Evidence, definition: RolloutDefinition, state: RolloutState, observed: Observed
) -> dict[str, tuple[int, int]]:
    """Returns what the canary has served so far, as each guard sees it."""
    canary, seen = state.canary(definition), {}
    for mark, assignment in (("", SPLIT), (_PREVIEW, FORCED)):
        both = [(slot, each) for (slot, kind, _), each in observed.served.items() if kind == assignment]
        alone = [each for slot, each in both if slot == canary]
        beside = [each for slot, each in both if slot != canary]
        seen[mark + CANARY] = (_requests(alone), _requests(beside))
        for rule in definition.analysis.guards:
            before = evidence.looked.get(mark + rule.name)
            seen[mark + rule.name] = _seen(rule, alone, definition, observed, before)
    return seen


def _requests(served: Iterable[Served]) -> int:
    return sum(each.requests for each in served)


def _seen(
    rule: GuardRule,
    served: list[Served],
    definition: RolloutDefinition,
    observed: Observed,
    before: tuple[int, int] | None,
) -> tuple[int, int]:
    if not rule.metric.startswith(OUTSIDE):
        pairs = [bad_requests(each, rule, definition.analysis.metrics) for each in served]
        return sum(requests for requests, _ in pairs), sum(bad for _, bad in pairs)
    looks, bad = before or (0, 0)
    said = [each for each in observed.outside if each.name == rule.metric.removeprefix(OUTSIDE)]
    return looks + len(said), bad + sum(not each.good for each in said)


def _since(now: tuple[int, int], then: tuple[int, int]) -> tuple[int, int]:
    requests, bad = now[0] - then[0], now[1] - then[1]
    if requests < 0 or bad < 0:
        raise CountsLost("counts went down")
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
    evidence: Evidence, definition: RolloutDefinition, state: RolloutState, observed: Observed
) -> Evidence:
    """Folds a block for each locality that both slots serve, where it is large enough."""
    cursor, analysis = dict(evidence.cursor), evidence.analysis
    pending = _with_incidents(evidence.pending, observed)
    canary = state.canary(definition)
    for locality in localities(observed.served):
        places = [(slot, SPLIT, locality) for slot in (canary, definition.other(canary))]
        totals = [observed.served.get(place, NOTHING) for place in places]
        new_c, new_s = (
            total.minus(cursor.get(place, NOTHING)) for place, total in zip(places, totals, strict=True)
        )
        kept = pending.get(locality, Pending())
        piece = sliced(new_c, new_s, kept.errors or (0, 0), kept.client_errors, definition.analysis.metrics)
        if foldable(piece.errors) and kept.errors is not None:
            analysis = analysis.folded(piece)
        elif not foldable(piece.errors) and piece.errors.n < LONELY:
            continue
        cursor.update(zip(places, totals, strict=True))
        pending[locality] = Pending(incidents=kept.incidents, client_incidents=kept.client_incidents)
    settled = evidence.settled or observed.settled
    served = state.phase is not Phase.PENDING and canary in observed.ready
    analysis = _with_split(analysis, state) if settled and served else replace(analysis, mismatch=None)
    return replace(evidence, analysis=analysis, cursor=cursor, pending=pending, settled=settled)


def _left_out(evidence: Evidence, observed: Observed) -> Evidence:
    """Leaves out of all blocks what is served while nothing runs beside: once something does, after an edit, the first
    block would compare what came at different times.
    """
    known = _with_incidents(evidence.pending, observed).items()
    pending = {
        where: Pending(incidents=each.incidents, client_incidents=each.client_incidents)
        for where, each in known
    }
    cursor = {place: served for place, served in observed.served.items() if place[1] == SPLIT}
    return replace(evidence, cursor=cursor, pending=pending)


def _with_split(analysis: Analysis, state: RolloutState) -> Analysis:
    """Starts to judge the split once every live worker knows the weight: with what comes after this look."""
    return analysis if analysis.mismatch else replace(analysis, mismatch=Mismatch(state.weight / 100))


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
    if errors:
        return replace(before, incidents=after, errors=_sum(before.errors, fresh))
    return replace(before, client_incidents=after, client_errors=_sum(before.client_errors, fresh))


def _sum(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    return None if one is None or other is None else (one[0] + other[0], one[1] + other[1])
