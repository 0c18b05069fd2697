"""Where a rollout stands, in lines and for programs."""

from collections.abc import Iterator
from typing import Any

from reliakit.cli.moments import moment, span
from reliakit.cli.rollout.found import Standing, evidence_of, meant
from reliakit.cli.rollout.ordering import place_of
from reliakit.cli.telling import labelled, looked
from reliakit.definitions.problems import enumerate_words
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.state import RolloutState

__all__ = ["colour_of", "facts", "report", "summary", "weights"]

_COLOURS = {
    Phase.SUCCESSFUL: "green",
    Phase.FAILED: "red",
    Phase.ERROR: "red",
    Phase.INCONCLUSIVE: "yellow",
    Phase.PAUSED: "yellow",
}


def colour_of(state: RolloutState) -> str | None:
    """Returns the colour of a phase."""
    return _COLOURS.get(state.phase) if state.phase else None


def summary(state: RolloutState) -> str:
    """Returns one line: where it stands, and why."""
    return f"{place_of(state)}: {state.why}"


def weights(definition: RolloutDefinition, state: RolloutState) -> dict[str, float]:
    """Returns the percentage that each slot gets."""
    return {slot: 100 - state.weight if slot == state.stable else state.weight for slot in definition.slots}


def facts(standing: Standing) -> Iterator[tuple[str, str]]:
    """Yields what there is to know, by name."""
    definition, state = standing.definition, standing.state
    yield "rollout", definition.name
    yield "phase", f"{state.phase}" if state.phase else "no release yet"
    if state.release is not None:
        release = state.release
        started = f"started {moment(release.started)}, {span(standing.now - release.started)} ago"
        yield "release", f"{release.number}: {release.version} in {release.slot}, {started}"
    yield "weight", ", ".join(_weight(standing, slot) for slot in definition.slots)
    if state.active:
        yield "step", _step(definition, state)
    yield "why", state.why
    yield from _evidence(definition, state)
    yield "workers", _workers(standing)
    yield "file", _file(definition, state)


def _evidence(definition: RolloutDefinition, state: RolloutState) -> Iterator[tuple[str, str]]:
    found = looked(evidence_of(definition, state))
    for verdict in found:
        yield "evidence", f"{labelled(verdict)}: {verdict.sentence}"
    if state.active and not found:
        yield "evidence", "none yet: no request was judged"


def _weight(standing: Standing, slot: str) -> str:
    share = weights(standing.definition, standing.state)[slot]
    return f"{slot} {share:g} %{' (stable)' if slot == standing.state.stable else ''}"


def _step(definition: RolloutDefinition, state: RolloutState) -> str:
    steps = definition.steps
    number = min(state.step, len(steps) - 1) + 1
    lasted = f", for {span(state.evidence.spent.step)}" if state.evidence is not None else ""
    return f"{number} of {len(steps)} ({', '.join(f'{each.weight:g}' for each in steps)} %){lasted}"


def _workers(standing: Standing) -> str:
    serving = [each for each in standing.workers.live if standing.definition.name in each.about.meanings]
    if not serving:
        return "none reports"
    late = standing.behind
    said = f"{len(serving) - len(late)} of {len(serving)} have this state in force"
    stopped = [each.named for each in serving if standing.definition.name in each.about.stopped]
    late_ones = f"; behind: {', '.join(late)}" if late else ""
    return (
        f"{said}{late_ones}{f'; send nothing to the canary: {enumerate_words(stopped)}' if stopped else ''}"
    )


def _file(definition: RolloutDefinition, state: RolloutState) -> str:
    asked = definition.release
    release = f"asks for {asked.version} in {asked.slot}" if asked else "asks for no release"
    if not state.meaning:
        return f"{release}; no worker has read it yet"
    return f"{release}; {meant(definition, state) or 'in force'}"


def report(standing: Standing) -> dict[str, Any]:
    """Returns the same for programs."""
    definition, state = standing.definition, standing.state
    release, evidence = state.release, state.evidence
    return {
        "rollout": definition.name,
        "phase": state.phase,
        "release": release and release.number,
        "slot": release and release.slot,
        "version": release and release.version,
        "started": release and release.started,
        "stable": state.stable,
        "weights": weights(definition, state),
        "step": state.step + 1 if state.active else None,
        "steps": [each.weight for each in definition.steps],
        "seconds_in_step": evidence.spent.step if evidence else None,
        "hold": state.hold or None,
        "why": state.why,
        "evidence": [verdict.to_record() for verdict in evidence_of(definition, state)],
        "behind": standing.behind,
        "in_force": definition.meaning == state.meaning,
        "scope": standing.workers.report(),
    }
