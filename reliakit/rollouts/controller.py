"""One step of the controller: from what a rollout is to do, where it stands and what was seen, to where it stands now.

It is pure: the same arguments give the same answer, byte for byte. Folding the same block twice is impossible, since
the state holds the cursor; deciding twice does no harm, since only one of two writers of the same state wins.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from reliakit.rollouts.adoption import adopt, in_force
from reliakit.rollouts.assessment import against, favourable, holding, mismatched, verdicts
from reliakit.rollouts.definition import Gate, RolloutDefinition, Step
from reliakit.rollouts.events import Event, Happening
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.folding import folded, rebased
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.phases import Phase, Trigger
from reliakit.rollouts.state import Hold, RolloutState
from reliakit.rollouts.transitions import Moving, began
from reliakit.rollouts.verdict import Advice, Verdict

__all__ = ["STARVED", "Decided", "decide", "faulted"]

STARVED = 60.0
"""Seconds without a request of the canary, after which a release is Pending again."""
_SOON = 1.0
_ACCRUE = 2.0
"""Seconds after which time alone is worth writing down; less than a fold may add, so that none is lost."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What follows.

    Attributes:
        state: the same object as before, where nothing is to be written.
        events: for the journal, in order.
        wake: when to decide again, by the same clock; infinite where only an order or an edit changes anything.
    """

    state: RolloutState
    events: tuple[Event, ...]
    wake: float


def decide(definition: RolloutDefinition, state: RolloutState, observed: Observed, now: float) -> Decided:
    """Decides.

    Args:
        definition: what this worker has read; where another one is in force, nothing is decided.
        state: as the store holds it.
        observed: the shared counts, read after the state.
        now: the store's clock, in seconds.
    """
    if not in_force(definition, state, observed):
        return Decided(state, (), now + _SOON)
    moving = began(definition, state, now)
    adopt(moving)
    if moving.state.evidence is not None:
        _fold(moving, observed)
        _react(moving, observed)
    return _decided(moving, state)


def faulted(definition: RolloutDefinition, state: RolloutState, why: str, now: float) -> Decided:
    """Stops a release that can't be decided about: its weight stays, and a person has to look."""
    moving = began(definition, state, now)
    if state.active and state.phase not in (Phase.ERROR, Phase.INCONCLUSIVE):
        moving.move(Trigger.FAULT, why)
    return Decided(moving.state, tuple(moving.events), inf)


def _decided(moving: Moving, before: RolloutState) -> Decided:
    state, events = moving.state, tuple(moving.events)
    wake = moving.now + _SOON if state.evidence is not None else inf
    return Decided(state if events or _worth_writing(before, state) else before, events, wake)


def _worth_writing(before: RolloutState, after: RolloutState) -> bool:
    if before.evidence is None or after.evidence is None:
        return before != after
    if (before.why, before.meaning) != (after.why, after.meaning):
        return True
    then, now = before.evidence, after.evidence
    if then.cursor != now.cursor or then.pending != now.pending:
        return True
    return now.at - then.at >= _ACCRUE or now.at < then.at


def _fold(moving: Moving, observed: Observed) -> None:
    definition, state, now = moving.definition, moving.state, moving.now
    try:
        moving.put(evidence=folded(definition, state, observed, now))
    except ValueError:
        moving.put(evidence=rebased(state, observed, now))
        moving.note(
            Happening.COUNTS_LOST, "the store has lost its counts: evidence goes on from what is there"
        )


def _react(moving: Moving, observed: Observed) -> None:
    definition, state = moving.definition, moving.state
    assert state.evidence is not None
    if against(state.evidence.analysis, definition.analysis) and _gone_back(moving):
        return
    if mismatched(state.evidence.analysis) and definition.sticky:
        _warn(moving)
    react = _REACTIONS.get(moving.state.phase)
    if react is not None:
        react(moving, observed)


def _gone_back(moving: Moving) -> bool:
    """Rolls back; in a dry run it only says that it would."""
    found = _evidence(moving)
    why = f"rolled back at {_where(moving)}: {found[0].sentence}"
    if moving.definition.analysis.dry_run:
        moving.note_once(Happening.WOULD_ROLL_BACK, f"would have been {why} (dry run)", found)
        return False
    moving.go_back(Trigger.ROLL_BACK, why, found)
    return True


def _warn(moving: Moving) -> None:
    said = next(each for each in _evidence(moving) if each.test == "mismatch")
    moving.note_once(Happening.WARNED, said.sentence, (said,))


def _evidence(moving: Moving) -> tuple[Verdict, ...]:
    assert moving.state.evidence is not None
    return verdicts(moving.state.evidence.analysis, moving.definition)


def _where(moving: Moving) -> str:
    state = moving.state
    return "100 %" if state.phase is Phase.SUCCESSFUL else f"step {state.weight:g} %"


def _pending(moving: Moving, observed: Observed) -> None:
    evidence, step = _evidence_of(moving), moving.state.present_step(moving.definition)
    slot = moving.state.canary(moving.definition)
    if slot not in observed.ready:
        moving.put(why=f"{slot} is not ready")
    elif step.weight and evidence.spent.idle:
        moving.put(why=f"no request has come to {slot} yet")
    else:
        moving.move(Trigger.TRAFFIC, f"{slot} is ready" if not step.weight else f"{slot} serves requests")


def _running(moving: Moving, observed: Observed) -> None:
    evidence, step = _evidence_of(moving), moving.state.present_step(moving.definition)
    if step.weight and evidence.spent.idle >= STARVED:
        moving.move(Trigger.STARVE, f"no request of the canary for {STARVED:g} s")
    elif (obstacle := _obstacle(moving, observed, step)) is None:
        _end_step(moving, step)
    elif evidence.spent.step >= moving.definition.deadline:
        _expire(moving, obstacle)
    else:
        moving.put(why=obstacle)


def _obstacle(moving: Moving, observed: Observed, step: Step) -> str | None:
    """Why the step can't end yet; None where it can."""
    evidence = _evidence_of(moving)
    if evidence.spent.step < step.bake:
        return f"it bakes for {step.bake - evidence.spent.step:.0f} s more"
    if evidence.step_requests < step.requests:
        return f"{evidence.step_requests:,} of {step.requests:,} canary requests"
    if not _by_hand(moving.definition, step) and not favourable(evidence.analysis, moving.definition, step):
        return "the evidence does not suffice yet"
    return _brake(moving, observed)


def _by_hand(definition: RolloutDefinition, step: Step) -> bool:
    """Whether nothing can judge here but the person who opens the gate."""
    return step.gate is Gate.MANUAL and not step.compares and not definition.analysis.guards


def _brake(moving: Moving, observed: Observed) -> str | None:
    """What keeps a release from going on, whatever speaks in its favour."""
    if holding(_evidence_of(moving).analysis, moving.definition):
        held = next(each for each in _evidence(moving) if each.advice is Advice.HOLD)
        return f"held: {held.sentence}"
    if observed.budget is not None and observed.budget <= 0:
        return "the error budget is spent"
    return None


def _end_step(moving: Moving, step: Step) -> None:
    if step.pause:
        moving.move(Trigger.WAIT, f"waits for {step.pause:g} s", _evidence(moving), hold=Hold.TIME)
    else:
        _through_gate(moving, step)


def _through_gate(moving: Moving, step: Step) -> None:
    if step.gate is Gate.AUTO:
        _advance(moving, "the evidence suffices")
        return
    hold = Hold.GATE if step.gate is Gate.MANUAL else Hold.WEBHOOK
    waits = "waits for somebody to promote it" if step.gate is Gate.MANUAL else "waits for its webhook"
    if moving.state.phase is Phase.PAUSED:
        moving.put(hold=hold, why=waits)
    else:
        moving.move(Trigger.WAIT, waits, _evidence(moving), hold=hold)


def _advance(moving: Moving, why: str) -> None:
    moving.step_to(Trigger.ADVANCE, moving.state.step + 1, why, _evidence(moving))


def _expire(moving: Moving, obstacle: str) -> None:
    spent = _evidence_of(moving).spent.step
    moving.move(Trigger.EXPIRE, f"undecided after {spent / 3600:.1f} h: {obstacle}", _evidence(moving))


def _paused(moving: Moving, observed: Observed) -> None:
    state, step = moving.state, moving.state.present_step(moving.definition)
    if state.hold is Hold.TIME:
        left = step.pause - _evidence_of(moving).spent.waiting
        obstacle = f"waits for {left:.0f} s more" if left > 0 else _brake(moving, observed)
        if obstacle is None:
            _through_gate(moving, step)
        else:
            moving.put(why=obstacle)
    elif state.hold is Hold.WEBHOOK:
        _ask_gate(moving, observed)


def _ask_gate(moving: Moving, observed: Observed) -> None:
    state, answer = moving.state, observed.gate
    if answer is None or (answer.number, answer.step) != (state.number, state.step):
        return
    if not answer.approved:
        moving.go_back(Trigger.ABORT, f"its webhook refused: {answer.said or 'no reason given'}")
    elif (obstacle := _brake(moving, observed)) is not None:
        moving.put(why=obstacle)
    else:
        _advance(moving, f"its webhook approved{': ' + answer.said if answer.said else ''}")


def _successful(moving: Moving, observed: Observed) -> None:
    left = moving.definition.rollback_window - _evidence_of(moving).spent.waiting
    if left <= 0:
        moving.put(evidence=None, why="it serves everybody")
        moving.note(Happening.SETTLED, "the rollback window is over")
    else:
        judged = (
            "guards judge" if moving.definition.analysis.guards else "no guard is defined, so nothing judges"
        )
        moving.put(why=f"it serves everybody; the version before is kept warm, and {judged}")


def _evidence_of(moving: Moving) -> Evidence:
    assert moving.state.evidence is not None
    return moving.state.evidence


_REACTIONS: Mapping[Phase | None, Callable[[Moving, Observed], None]] = {
    Phase.PENDING: _pending,
    Phase.RUNNING: _running,
    Phase.PAUSED: _paused,
    Phase.SUCCESSFUL: _successful,
}
"""An inconclusive release, or one in error, waits for a person: only the evidence against it still acts."""
