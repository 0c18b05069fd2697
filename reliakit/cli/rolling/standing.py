"""Where a replacement stands, in lines and for programs."""

from collections.abc import Iterator
from typing import Any

from reliakit.cli.moments import span
from reliakit.cli.rolling.found import Standing
from reliakit.failover.rolling.phases import Phase, Step
from reliakit.failover.rolling.state import RollingState, Unit

__all__ = ["colour_of", "facts", "report", "summary"]

_COLOURS = {
    Phase.SUCCESSFUL: "green",
    Phase.FAILED: "red",
    Phase.ERROR: "red",
    Phase.PAUSED: "yellow",
    Phase.UNDOING: "yellow",
}


def colour_of(state: RollingState) -> str | None:
    """Returns the colour of a phase."""
    return _COLOURS.get(state.phase)


def summary(state: RollingState) -> str:
    """Returns one line: where it stands, and why."""
    endpoints = [unit for unit in state.units if not unit.spare]
    new = sum(unit.step is Step.NEW for unit in endpoints)
    named = f"replacement {state.number}" + (f" ({state.version})" if state.version else "")
    return f"{named} {state.phase}, {new} of {len(endpoints)} replaced: {state.why}"


def facts(found: Standing) -> Iterator[tuple[str, str]]:
    """Yields what there is to know, by name."""
    yield "upstream", found.definition.upstream
    if found.held is None:
        yield "phase", "none was ever started"
        return
    state = found.held.state
    yield "phase", str(state.phase)
    yield "replacement", f"{state.number}" + (f": {state.version}" if state.version else "")
    if state.former:
        yield "before", state.former
    yield "why", state.why
    for unit in state.units:
        if not (unit.spare and unit.step is Step.OLD):
            yield "spare" if unit.spare else "endpoint", f"{unit.address} {_step(unit)}"


def _step(unit: Unit) -> str:
    lasted = f" for {span(unit.elapsed)}" if unit.busy else ""
    attempt = f", attempt {unit.run.attempt}" if unit.run and unit.run.attempt > 1 else ""
    return f"{unit.step}{lasted}{attempt}"


def report(name: str, state: RollingState | None) -> dict[str, Any]:
    """Returns the same for programs."""
    if state is None:
        return {"upstream": name, "phase": None}
    units = [
        {"address": unit.address, "spare": unit.spare, "step": unit.step, "seconds": round(unit.elapsed, 3)}
        for unit in state.units
    ]
    return {
        "upstream": name,
        "phase": state.phase,
        "replacement": state.number,
        "version": state.version or None,
        "former": state.former or None,
        "why": state.why,
        "endpoints": units,
    }
