"""What a release does at each phase once it has been looked at: go back, hold, wait or go on."""

from collections.abc import Callable, Mapping

from reliakit.rollouts.assessment import against, favourable, holding, mismatched, verdicts
from reliakit.rollouts.definition import Gate, Step
from reliakit.rollouts.events import Happening
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.phases import Phase, Trigger
from reliakit.rollouts.state import Hold
from reliakit.rollouts.transitions import Moving
from reliakit.rollouts.verdict import Advice, Verdict

__all__ = ["STARVED", "react"]

STARVED = 60.0
"""Seconds without a request of the canary, after which a release is Pending again, at the least."""
_USUAL = 10
"""Times the usual time between two requests."""
_HELD = "held: "


def react(moving: Moving, observed: Observed) -> None:
    """Acts on what was folded: rolls back first, wherever evidence says so."""
    definition, state = moving.definition, moving.state
    assert state.evidence is not None
    if against(state.evidence.analysis, definition.analysis, state.compares) and _gone_back(moving):
        return
    if mismatched(state.evidence.analysis) and definition.sticky and moving.news(Happening.WARNED):
        _warn(moving)
    reaction = _REACTIONS.get(moving.state.phase)
    if reaction is not None:
        reaction(moving, observed)


def _gone_back(moving: Moving) -> bool:
    """Rolls back; in a dry run it only says that it would."""
    dry = moving.definition.analysis.dry_run
    if dry and not moving.news(Happening.WOULD_ROLL_BACK):
        return False
    found = _evidence(moving)
    why = f"rolled back at {_where(moving)}: {found[0].sentence}"
    if dry:
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
        moving.put(why=_unready(slot))
    elif step.weight and not moving.state.weight:
        moving.put(why="edited before it had a weight: promote it to begin")
    elif step.weight and (evidence.spent.idle or not evidence.step_requests):
        moving.put(why=f"no request has come to {slot} yet")
    else:
        moving.move(Trigger.TRAFFIC, f"{slot} is ready" if not step.weight else f"{slot} serves requests")


def _running(moving: Moving, observed: Observed) -> None:
    evidence, step = _evidence_of(moving), moving.state.present_step(moving.definition)
    if step.weight and evidence.spent.idle >= _patience(evidence):
        moving.move(Trigger.STARVE, f"no request of the canary for {evidence.spent.idle:.0f} s")
    elif (obstacle := _obstacle(moving, observed, step)) is None:
        _end_step(moving, step)
    elif evidence.spent.step >= moving.definition.deadline:
        _expire(moving, obstacle)
    else:
        moving.put(why=obstacle)


def _patience(evidence: Evidence) -> float:
    """Seconds without a request that mean something: of a canary that has one in five minutes, a quiet minute does not."""
    requests = evidence.step_requests
    return max(STARVED, _USUAL * evidence.spent.step / requests) if requests else STARVED


def _obstacle(moving: Moving, observed: Observed, step: Step) -> str | None:
    """Why the step can't end yet; None where it can."""
    evidence = _evidence_of(moving)
    if evidence.spent.step < step.bake:
        return f"it bakes for {step.bake:g} s"
    if evidence.step_requests < step.requests:
        return f"it waits for {step.requests:,} canary requests"
    return _brake(moving, observed) if _suffices(moving, step) else "the evidence does not suffice yet"


def _suffices(moving: Moving, step: Step) -> bool:
    """Whether the evidence lets the step end, or nothing can judge here but the person who opens the gate."""
    rules, compares = moving.definition.analysis, moving.state.compares
    by_hand = step.gate is Gate.MANUAL and not compares and not rules.guards
    return by_hand or favourable(_evidence_of(moving).analysis, rules, compares)


def _second_look(moving: Moving, observed: Observed, step: Step) -> str | None:
    """Why a release can't go on after it has waited; None where it can. The evidence sufficed when the wait began; it
    is asked again, since a good while has passed.
    """
    return _brake(moving, observed) if _suffices(moving, step) else "the evidence does not suffice any more"


def _brake(moving: Moving, observed: Observed) -> str | None:
    """What keeps a release from going on, whatever speaks in its favour."""
    slot = moving.state.canary(moving.definition)
    if slot not in observed.ready:
        return _unready(slot)
    if holding(_evidence_of(moving).analysis, moving.definition):
        return _held(moving)
    if observed.budget is not None and observed.budget <= 0:
        return "the error budget is spent"
    return None


def _unready(slot: str) -> str:
    return f"{slot} is not ready"


def _held(moving: Moving) -> str:
    """Says why it is held: with the figures of the moment when that began, since the state is not to change with
    every request.
    """
    if moving.state.why.startswith(_HELD):
        return moving.state.why
    return _HELD + next(each for each in _evidence(moving) if each.advice is Advice.HOLD).sentence


def _end_step(moving: Moving, step: Step) -> None:
    if moving.definition.analysis.dry_run:
        _would_advance(moving)
    elif step.pause:
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
        moving.note(Happening.WAITING, waits, _evidence(moving))
    else:
        moving.move(Trigger.WAIT, waits, _evidence(moving), hold=hold)


def _advance(moving: Moving, why: str) -> None:
    moving.step_to(Trigger.ADVANCE, moving.next_step, why, _evidence(moving))


def _would_advance(moving: Moving) -> None:
    moving.put(why="the evidence suffices, and a dry run acts on nothing: promote it by hand")
    if moving.news(Happening.WOULD_ADVANCE):
        said = f"would have gone on at {_where(moving)} (dry run)"
        moving.note_once(Happening.WOULD_ADVANCE, said, _evidence(moving))


def _expire(moving: Moving, obstacle: str) -> None:
    spent = _evidence_of(moving).spent.step
    moving.move(Trigger.EXPIRE, f"undecided after {spent / 3600:.1f} h: {obstacle}", _evidence(moving))


def _paused(moving: Moving, observed: Observed) -> None:
    state, step = moving.state, moving.state.present_step(moving.definition)
    if state.hold is not Hold.PERSON and state.hold not in _holds(step):
        moving.move(Trigger.RESUME, "an edit has taken away what it waited for")
    elif state.hold is Hold.TIME:
        waited = _evidence_of(moving).spent.waiting
        obstacle = (
            f"waits for {step.pause:g} s" if waited < step.pause else _second_look(moving, observed, step)
        )
        if obstacle is None:
            _through_gate(moving, step)
        else:
            moving.put(why=obstacle)
    elif state.hold is Hold.WEBHOOK:
        _ask_gate(moving, observed)


def _holds(step: Step) -> set[Hold]:
    """What a step may wait for."""
    gates = {Gate.MANUAL: {Hold.GATE}, Gate.WEBHOOK: {Hold.WEBHOOK}}.get(step.gate, set())
    return gates | {Hold.TIME} if step.pause else gates


def _ask_gate(moving: Moving, observed: Observed) -> None:
    state, answer = moving.state, observed.gate
    if answer is None or (answer.number, answer.step) != (state.number, state.step):
        return
    if not answer.approved:
        moving.go_back(Trigger.ABORT, f"its webhook refused: {answer.said or 'no reason given'}")
    elif (obstacle := _second_look(moving, observed, state.present_step(moving.definition))) is not None:
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
