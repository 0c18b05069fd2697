"""Where the regions of an upstream stand, in lines and for programs."""

from collections.abc import Iterator
from typing import Any

from reliakit.cli.failover.found import Found
from reliakit.cli.moments import moment, span
from reliakit.cli.printing import plural
from reliakit.failover.recovery.observed import condition
from reliakit.failover.recovery.phases import Phase
from reliakit.failover.recovery.state import RecoveryState

__all__ = ["colour_of", "facts", "report", "summary"]


def colour_of(state: RecoveryState) -> str | None:
    """Returns the colour of a phase."""
    if state.phase is Phase.SERVING:
        return "green"
    return "red" if state.phase is Phase.ERROR else "yellow"


def summary(state: RecoveryState) -> str:
    """Returns "Away, 100 % away from eu", "Serving"."""
    incident = state.incident
    if incident is None:
        return str(state.phase)
    drill = "drill: " if incident.drill else ""
    return f"{drill}{state.phase}, {state.weight:.0%} away from {incident.away}".replace("%", " %")


def facts(found: Found) -> Iterator[tuple[str, str]]:
    """Yields what there is to know, by name."""
    definition, state = found.definition, found.state
    yield "upstream", definition.upstream
    yield "strategy", f"{definition.strategy}: {', '.join(definition.regions)}"
    yield "phase", str(state.phase)
    incident = state.incident
    if incident is not None:
        kind = "drill" if incident.drill else "by hand" if incident.asked else "detected"
        stands = f"{incident.to} stands in" if incident.to else "the others stand in"
        ago = span(found.now - incident.base)
        yield (
            "incident",
            f"{state.number} ({kind}): {incident.away} is left, {stands}; since {moment(incident.base)}, {ago}",
        )
    for region in definition.regions:
        yield "region", _region(found, region)
    yield "rto", _against(None if incident is None else incident.rto, definition.rto)
    yield "rpo", _against(None if incident is None else incident.lag, definition.rpo)
    if state.run is not None:
        yield "hook", f"{state.run.purpose}, attempt {state.run.attempt}, for {span(state.run.waited)}"
    yield "why", state.why
    yield "workers", f"{plural(found.workers, 'worker')} can tell" if found.workers else "none can tell"


def _region(found: Found, region: str) -> str:
    seen = found.seen[region]
    known = f"{condition(seen, found.definition)}, {seen.ready} of {seen.endpoints} endpoints ready"
    lag = "" if seen.lag is None else f", {seen.lag:g} s behind"
    gate = f"; {seen.gate}" if seen.gate else ""
    share = f"{region} gets {found.shares[region] * 100:g} %"
    return f"{share}: {known}{lag}{gate}" if found.workers else share


def _against(measured: float | None, objective: float | None) -> str:
    said = "not measured" if measured is None else f"{measured:.1f} s"
    return f"{said}, objective {'none' if objective is None else f'{objective:g} s'}"


def report(found: Found, state: RecoveryState | None = None) -> dict[str, Any]:
    """Returns the same for programs.

    Args:
        found: what there was.
        state: that has followed; None where nothing has.
    """
    definition, stands, incident = found.definition, state or found.state, (state or found.state).incident
    return {
        "upstream": definition.upstream,
        "strategy": definition.strategy.value,
        "phase": stands.phase.value,
        "number": stands.number,
        "away": incident and incident.away,
        "to": incident and incident.to,
        "drill": incident is not None and incident.drill,
        "asked": incident is not None and incident.asked,
        "since": incident and incident.base,
        "weight": stands.weight,
        "rto": {"measured": incident and incident.rto, "objective": definition.rto},
        "rpo": {"measured": incident and incident.lag, "objective": definition.rpo},
        "regions": {region: _reported(found, region) for region in definition.regions},
        "why": stands.why,
        "scope": found.reporting.report(),
    }


def _reported(found: Found, region: str) -> dict[str, Any]:
    seen = found.seen[region]
    return {
        "share": found.shares[region],
        "condition": condition(seen, found.definition).value if found.workers else None,
        "ready": seen.ready,
        "endpoints": seen.endpoints,
        "lag": seen.lag,
        "gate": seen.gate,
    }
