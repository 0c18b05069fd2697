"""Whose turn it is: how many endpoints may be under way, in which order they go, and come back."""

from reliakit.failover.rolling.moving import Moving
from reliakit.failover.rolling.phases import Move, Step
from reliakit.failover.rolling.state import Unit

__all__ = ["go_back", "go_forward"]

_PUT = (Step.STARTING, Step.WARMING, Step.BAKING, Step.NEW)
"""Steps of an endpoint at which a new one runs, or tries to."""


def go_forward(moving: Moving) -> None:
    """Begins as many endpoints as may be missing; those first that are missing anyway, since they cost nothing."""
    spares, endpoints = _sorted_out(moving)
    waiting = [unit for unit in endpoints if unit.step is Step.OLD]
    if all(unit.step is Step.NEW for unit in endpoints):
        _leave(moving, spares)
    elif waiting:
        for spare in spares:
            if spare.step is Step.OLD:
                _begin(moving, spare)
        _begin_some(moving, waiting, _room(moving, spares, endpoints))


def _room(moving: Moving, spares: list[Unit], endpoints: list[Unit]) -> int:
    """How many endpoints may be begun: what may be missing, and what spares make up for, less what is missing.

    Those that warm up or bake count as missing: the next ones wait until they have proved themselves.
    """
    missing = sum(unit.busy or not _ready(moving, unit) for unit in endpoints)
    added = sum(unit.step is Step.NEW and _ready(moving, unit) for unit in spares)
    return moving.definition.max_unavailable + added - missing


def _begin_some(moving: Moving, waiting: list[Unit], room: int) -> None:
    for unit in waiting:
        if not _ready(moving, unit) and _under_way(moving) < max(1, moving.definition.max_unavailable):
            _begin(moving, unit)
    for unit in waiting:
        if _ready(moving, unit) and room > 0:
            _begin(moving, unit)
            room -= 1


def _under_way(moving: Moving) -> int:
    return sum(unit.busy for unit in moving.state.units if not unit.spare)


def _begin(moving: Moving, unit: Unit) -> None:
    order = 1 + max(each.order for each in moving.state.units)
    moving.step(unit, Move.BEGIN, "gets no more requests, and is replaced once it is empty", order=order)


def go_back(moving: Moving) -> None:
    """Puts back what was replaced, in reverse order, as many at a time as may be missing; spares leave at once, since
    they are new ones too.
    """
    spares, endpoints = _sorted_out(moving)
    for unit in endpoints:
        if unit.step is Step.DRAINING:
            moving.step(unit, Move.RESTORE, "is left as it was", order=0)
    _leave(moving, spares)
    room = max(1, moving.definition.max_unavailable) - sum(
        unit.busy and not unit.present for unit in endpoints
    )
    for unit in sorted(endpoints, key=lambda unit: -unit.order):
        serving = unit.present and _ready(moving, unit)
        room -= serving and unit.step in _PUT
        if unit.step in _PUT and (room >= 0 or not serving):
            moving.step(unit, Move.UNDO, "is put back once it is empty")


def _leave(moving: Moving, spares: list[Unit]) -> None:
    for spare in spares:
        if spare.step in _PUT:
            moving.step(spare, Move.UNDO, "is not needed any more")


def _sorted_out(moving: Moving) -> tuple[list[Unit], list[Unit]]:
    """Returns spares and endpoints."""
    units = moving.state.units
    return [unit for unit in units if unit.spare], [unit for unit in units if not unit.spare]


def _ready(moving: Moving, unit: Unit) -> bool:
    return moving.observed.of(unit.address).ready
