"""What an endpoint does in each step of its replacement."""

from collections.abc import Callable
from dataclasses import replace

from reliakit.failover.draining import Drained, Flight, drained
from reliakit.failover.events import Happening
from reliakit.failover.hooks import Hook, Progress
from reliakit.failover.rolling.moving import Moving
from reliakit.failover.rolling.phases import Move, Phase, Step, Trigger
from reliakit.failover.rolling.state import Unit

__all__ = ["advance"]


def advance(moving: Moving, address: str, seconds: float) -> None:
    """Lets an endpoint go as far as it can now."""
    while True:
        unit, moves = moving.state.unit(address), moving.moves
        if unit.step not in _STEPS:
            return
        unit = replace(unit, elapsed=unit.elapsed + seconds)
        moving.state = moving.state.with_unit(unit)
        _STEPS[unit.step](moving, unit, seconds)
        if moving.moves == moves:
            return
        seconds = 0.0


def _drain(moving: Moving, unit: Unit, seconds: float) -> None:
    absent = unit.spare and unit.step is Step.DRAINING
    flight = Flight(0 if absent else moving.observed.of(unit.address).in_flight)
    how = drained(flight, unit.elapsed, moving.definition.drain)
    if how is Drained.TIMED_OUT:
        moving.note(Happening.NOTED, f"{unit.address} is not empty after {moving.definition.drain:g} s")
    if how is not Drained.WAITING:
        moving.step(unit, Move.EMPTIED, how)


def _replace(moving: Moving, unit: Unit, seconds: float) -> None:
    hook = moving.definition.replace
    progress = moving.hooked(unit, hook, "replace", seconds)
    if progress is Progress.DONE and moving.state.phase is not Phase.UNDOING:
        moving.step(moving.state.unit(unit.address), Move.REPLACED, f"{hook.name} is done")
    elif progress in (Progress.DONE, Progress.FAILED):
        # Whatever a hook has done or half done: only the one that undoes it knows what was there before.
        moving.step(moving.state.unit(unit.address), Move.UNDO, "is put back")
        _fault(moving, f"{hook.name} failed for {unit.address}")


def _start(moving: Moving, unit: Unit, seconds: float) -> None:
    if moving.observed.of(unit.address).ready:
        moving.step(unit, Move.READY, "ready")
    elif unit.elapsed >= moving.definition.ready:
        _fault(moving, f"{unit.address} is not ready after {moving.definition.ready:g} s")


def _warm(moving: Moving, unit: Unit, seconds: float) -> None:
    if unit.elapsed >= moving.definition.warm:
        moving.step(unit, Move.WARMED, "warm")


def _bake(moving: Moving, unit: Unit, seconds: float) -> None:
    if not moving.observed.of(unit.address).ready and unit.elapsed >= moving.definition.ready:
        _fault(moving, f"{unit.address} is not ready any more")
    elif (
        moving.observed.enough
        and moving.observed.of(unit.address).ready
        and unit.elapsed >= moving.definition.bake
    ):
        moving.step(unit, Move.BAKED, "replaced")


def _fault(moving: Moving, why: str) -> None:
    if moving.state.phase in (Phase.RUNNING, Phase.PAUSED):
        moving.move(Trigger.FAULT, why)


def _put_back(moving: Moving, unit: Unit, seconds: float) -> None:
    hook = _undoing(moving, unit)
    progress = (
        Progress.DONE
        if hook is None
        else moving.hooked(unit, hook, "stop" if unit.spare else "undo", seconds)
    )
    if progress is Progress.DONE:
        moving.step(moving.state.unit(unit.address), Move.PUT_BACK, "put back")
    elif progress is Progress.FAILED:
        _not_put_back(moving, moving.state.unit(unit.address))


def _not_put_back(moving: Moving, unit: Unit) -> None:
    if unit.spare:
        moving.step(unit, Move.PUT_BACK, "was not stopped")
        moving.note(Happening.NOTED, f"the spare {unit.address} was not stopped, and may run still")
    else:
        moving.state = moving.state.with_unit(replace(unit, run=None))
        _stick(moving, f"{unit.address} was not put back: somebody has to look")


def _undoing(moving: Moving, unit: Unit) -> Hook | None:
    return moving.definition.stop if unit.spare else moving.definition.undo


def _return(moving: Moving, unit: Unit, seconds: float) -> None:
    if unit.spare or moving.observed.of(unit.address).ready:
        moving.step(unit, Move.READY, "stopped" if unit.spare else "the old one is back", order=0)
    elif unit.elapsed >= moving.definition.ready:
        _stick(moving, f"{unit.address} was put back, and is not ready: somebody has to look")


def _stick(moving: Moving, why: str) -> None:
    if moving.state.phase is Phase.UNDOING:
        moving.move(Trigger.STICK, why)


_STEPS: dict[Step, Callable[[Moving, Unit, float], None]] = {
    Step.DRAINING: _drain,
    Step.REPLACING: _replace,
    Step.STARTING: _start,
    Step.WARMING: _warm,
    Step.BAKING: _bake,
    Step.LEAVING: _drain,
    Step.UNDOING: _put_back,
    Step.RETURNING: _return,
}
