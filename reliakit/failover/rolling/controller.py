"""One decision about a replacement, and what people may order."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from reliakit.core.acting import Actor
from reliakit.failover.elapsing import seconds_since
from reliakit.failover.events import Event, Happening
from reliakit.failover.hooks import Command
from reliakit.failover.rolling.definition import RollingDefinition
from reliakit.failover.rolling.moving import Moving
from reliakit.failover.rolling.observed import Observed
from reliakit.failover.rolling.phases import Phase, Step, Trigger
from reliakit.failover.rolling.state import RollingState, Unit
from reliakit.failover.rolling.turns import go_back, go_forward
from reliakit.failover.rolling.units import advance

__all__ = ["Decided", "Orders", "decide", "obey", "start"]

_SOON = 1.0
"""Seconds to the next look, while anything is under way."""
_ACCRUE = 2.0
"""Seconds that may be counted before they are written, where nothing else has changed."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What follows.

    Attributes:
        state: the same object where nothing is worth writing.
        events: for the journal, in the same transaction.
        wake: seconds at which to decide again; infinity where nothing is left to do.
        commands: to be run once each, by their ids, after the state is written.
    """

    state: RollingState
    events: tuple[Event, ...]
    wake: float
    commands: tuple[Command, ...] = ()


def start(
    definition: RollingDefinition,
    number: int,
    now: float,
    actor: Actor,
    reason: str = "",
    version: str = "",
    former: str = "",
) -> Decided:
    """Begins a replacement.

    Args:
        definition: of it.
        number: one more than that of the last.
        now: seconds since 1970-01-01 UTC.
        actor: who wants it.
        reason: for the journal.
        version: what people call the new ones.
        former: what they call the old ones.
    """
    by = f" by {version}" if version else ""
    why = f"replacing {len(definition.endpoints)} endpoints{by}" + (f": {reason}" if reason else "")
    state = RollingState.begun(definition, number, now, why, version, former)
    event = Event(Happening.STARTED, definition.upstream, now, number, state.phase, state.phase, why, actor)
    return Decided(state, (event,), now)


def decide(definition: RollingDefinition, state: RollingState, observed: Observed, now: float) -> Decided:
    """Decides what happens next.

    Args:
        definition: of the replacement. Which endpoints take part was settled when it began.
        state: as it was read.
        observed: one look.
        now: seconds since 1970-01-01 UTC; only differences of a few seconds count.
    """
    if not state.active:
        return Decided(state, (), inf)
    if not observed.shared:
        # Each worker would replace endpoints of its own choice. What drains goes on draining.
        return Decided(state, (), now + _SOON)
    moving = Moving(definition, replace(state, at=now), observed, now)
    _judge(moving)
    _go_on(moving, seconds_since(state.at, now))
    _end(moving)
    changed = moving.events or _worth_writing(state, moving.state)
    commands = tuple(moving.commands.values())
    return Decided(moving.state if changed else state, tuple(moving.events), now + _SOON, commands)


def _judge(moving: Moving) -> None:
    new = any(unit.present and unit.step is not Step.OLD for unit in moving.state.units)
    if moving.observed.bad and new and moving.state.phase is not Phase.UNDOING:
        moving.move(Trigger.FAULT, moving.observed.bad)


def _go_on(moving: Moving, seconds: float) -> None:
    """Lets all endpoints go as far as they can, and begins others, until nothing moves any more."""
    while True:
        moves, phase = moving.moves, moving.state.phase
        for unit in moving.state.units:
            if moving.state.active:
                advance(moving, unit.address, seconds)
        if moving.state.phase is Phase.RUNNING:
            go_forward(moving)
        elif moving.state.phase is Phase.UNDOING:
            go_back(moving)
        if (moves, phase) == (moving.moves, moving.state.phase):
            return
        seconds = 0.0


def _end(moving: Moving) -> None:
    endpoints = [unit for unit in moving.state.units if not unit.spare]
    if any(unit.step is not Step.OLD for unit in moving.state.units if unit.spare):
        return
    if moving.state.phase is Phase.RUNNING and _all(endpoints, Step.NEW):
        moving.move(Trigger.COMPLETE, f"all {len(endpoints)} endpoints are replaced")
    elif moving.state.phase is Phase.UNDOING and _all(endpoints, Step.OLD):
        moving.move(Trigger.UNDONE, f"put back: {moving.state.why}")


def _all(units: list[Unit], step: Step) -> bool:
    return all(unit.step is step for unit in units)


def _worth_writing(before: RollingState, after: RollingState) -> bool:
    """Whether anything has changed but seconds, of which a few may be counted with the next look."""
    same = [_decisive(each) for each in before.units] == [_decisive(each) for each in after.units]
    waits = any(unit.busy for unit in after.units)
    return not same or after.at < before.at or (waits and after.at - before.at >= _ACCRUE)


def _decisive(unit: Unit) -> tuple[object, ...]:
    return unit.step, unit.order, unit.run and (unit.run.purpose, unit.run.series, unit.run.attempt)


class Orders(StrEnum):
    """The verbs."""

    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"


_SAID = {
    Orders.PAUSE: "paused: what has begun goes on, nothing else begins",
    Orders.RESUME: "resumed",
    Orders.ABORT: "aborted",
    Orders.RETRY: "tried again",
}


def obey(
    definition: RollingDefinition, state: RollingState, order: Orders, reason: str, now: float, actor: Actor
) -> Decided:
    """Carries out an order; the next decision goes on from there.

    Raises:
        Refused: it makes no sense now; the message says what would.
    """
    moving = Moving(definition, replace(state, at=now), Observed(), now, actor)
    moving.move(Trigger(order.value), f"{_SAID[order]}: {reason}" if reason else _SAID[order])
    if order is Orders.RETRY:
        for unit in moving.state.units:
            moving.state = moving.state.with_unit(replace(unit, elapsed=0.0))
    return Decided(moving.state, tuple(moving.events), now)
