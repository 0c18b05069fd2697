"""One decision about the regions of an upstream."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from reliakit.failover.elapsing import LONGEST, seconds_since
from reliakit.failover.events import Event
from reliakit.failover.hooks import Command
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.detecting import detecting, error, gated, preparing, serving
from reliakit.failover.recovery.moving import Moving
from reliakit.failover.recovery.observed import Condition, Observed
from reliakit.failover.recovery.phases import Phase
from reliakit.failover.recovery.shifting import away, clearing, failing_back, measure, shifting
from reliakit.failover.recovery.state import RecoveryState

__all__ = ["Decided", "decide"]

_SOON = 1.0
"""Seconds to the next look: regions are watched all the time."""
_ACCRUE = 2.0
"""Seconds that may be counted before they are written, where nothing else has changed."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What follows.

    Attributes:
        state: the same object where nothing is worth writing.
        events: for the journal, in the same transaction.
        wake: seconds at which to decide again.
        commands: to be run once each, by their ids, after the state is written.
    """

    state: RecoveryState
    events: tuple[Event, ...]
    wake: float
    commands: tuple[Command, ...] = ()


_PHASES: dict[Phase, Callable[[Moving], None]] = {
    Phase.SERVING: serving,
    Phase.DETECTING: detecting,
    Phase.PREPARING: preparing,
    Phase.GATED: gated,
    Phase.SHIFTING: shifting,
    Phase.AWAY: away,
    Phase.CLEARING: clearing,
    Phase.FAILING_BACK: failing_back,
    Phase.ERROR: error,
}


def decide(definition: RecoveryDefinition, state: RecoveryState, observed: Observed, now: float) -> Decided:
    """Decides what happens next.

    Args:
        definition: of the upstream's regions.
        state: as it was read.
        observed: one look.
        now: seconds since 1970-01-01 UTC; only differences of a few seconds count.
    """
    # One look never decides alone, however long ago the one before it was.
    most = min(LONGEST, definition.detect / 2)
    moving = Moving(definition, state, observed, now, seconds_since(state.at, now, most))
    _count(moving)
    measure(moving)
    for _ in Phase:
        before = moving.state.phase
        _PHASES[before](moving)
        moving.seconds = 0.0
        if moving.state.phase is before:
            break
    return _decided(moving, state)


def _count(moving: Moving) -> None:
    state, seconds, incident = moving.state, moving.seconds, moving.state.incident
    bad, well = state.bad, state.well
    if incident is not None:
        here = moving.here
        bad = 0.0 if here is Condition.WELL else bad + seconds * (here is Condition.LOST)
        well = 0.0 if here is Condition.LOST else well + seconds * (here is Condition.WELL)
        incident = replace(incident, elapsed=incident.elapsed + seconds)
    moving.put(
        at=moving.now,
        elapsed=state.elapsed + seconds,
        rested=_rested(moving),
        incident=incident,
        bad=bad,
        well=well,
    )


def _rested(moving: Moving) -> float | None:
    """Seconds since traffic began to move; None once they are enough, since nobody asks how many there are beyond."""
    rested = moving.state.rested
    more = None if rested is None else rested + moving.seconds
    return more if more is not None and more < moving.definition.hold else None


def _decided(moving: Moving, before: RecoveryState) -> Decided:
    after, events = moving.state, tuple(moving.events)
    changed = events or _worth_writing(moving.definition, before, after)
    return Decided(after if changed else before, events, moving.now + _SOON, tuple(moving.commands))


def _worth_writing(definition: RecoveryDefinition, before: RecoveryState, after: RecoveryState) -> bool:
    """Whether anything has changed but seconds, of which a few may be counted with the next look."""
    if _decisive(before) != _decisive(after):
        return True
    if after.bad < before.bad or after.well < before.well or after.at < before.at:
        return True
    return after.at - before.at >= _ACCRUE and _waits(definition, before, after)


def _waits(definition: RecoveryDefinition, before: RecoveryState, after: RecoveryState) -> bool:
    """Whether any of the seconds that are counted will decide something."""
    if after.phase is Phase.SERVING:
        return after.run is not None or after.rested is not None
    if after.phase is Phase.AWAY and after.incident is not None:
        returns = definition.quiet is not None and not after.incident.asked
        return after.incident.drill or returns or after.rested is not None
    return after.phase is not Phase.ERROR or after.well > before.well


def _decisive(state: RecoveryState) -> tuple[object, ...]:
    """All of a state but what is counted, and the sentence."""
    incident, run = state.incident, state.run
    about = incident and (
        incident.away,
        incident.to,
        incident.base,
        incident.asked,
        incident.drill,
        incident.rto,
    )
    return (
        state.phase, state.number, state.weight, state.hasty, state.rested is None, about,
        run and (run.purpose, run.series, run.attempt),
    )  # fmt: skip
