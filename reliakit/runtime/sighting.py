"""From what a store holds to what the controller is shown: pure, and the same for everybody's counts and one's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.records import agreed
from reliakit.rollouts.served import gather, incidents_in
from reliakit.rollouts.state import RolloutState
from reliakit.stores.protocol import Totals, Worker

__all__ = ["LIVE", "About", "Emptying", "Endpoints", "Sight", "about_of", "format_of", "own", "shared"]

LIVE = 15.0
"""Seconds since its last report for which a worker counts as live."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a worker knows of an upstream that is elsewhere.

    Attributes:
        total: how many endpoints it has.
        well: how many of them get requests.
        unwell: those that get none: address -> status; of very many only some.
    """

    total: int = 0
    well: int = 0
    unwell: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Emptying:
    """What a worker says of an endpoint that is being replaced, and to which it sends no requests any more.

    Attributes:
        mark: of which step it has heard: the number of the replacement and the step's name.
        in_flight: requests that it has still under way there.
        well: whether it would send requests there if it might.
    """

    mark: str
    in_flight: int
    well: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """What a worker has seen of one region of an upstream.

    Attributes:
        ready: endpoints that are available.
        endpoints: all of them, but those that drain.
        good, failed: requests that it answered, and that it did not answer or answered with an error, since the worker
            began.
        good_at, failed_at: when the first of those came that were told last, by the store's clock.
        lag: seconds that its data is behind; None where this worker does not ask.
        gate: what stands against sending it requests, beside its endpoints; empty for nothing.
    """

    ready: int = 0
    endpoints: int = 0
    good: int = 0
    failed: int = 0
    good_at: float | None = None
    failed_at: float | None = None
    lag: float | None = None
    gate: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a worker says of itself, beside its counts.

    Attributes:
        host, pid: where it runs.
        region, zone: where that is, as far as its definitions say.
        version: of reliakit.
        format: the newest version of records that it reads.
        revision: of its definitions, for people.
        meanings: rollout -> meaning of the definition that it has read.
        states: rollout -> version of the state that it has in force.
        ready: rollout -> slots to which it can send requests.
        in_flight: requests of rollouts under way; those of a worker that is killed are of no slot.
        stopped: rollouts whose canary it sends nothing to, by its own evidence.
        upstreams: upstream -> how many endpoints it has, and those that are not well: address -> status.
        emptying: upstream -> endpoint -> how far it is, while endpoints are replaced; None where it knows nothing of that.
        regions: upstream -> what was seen of each of its regions, where these stand in for each other.
    """

    host: str = ""
    pid: int = 0
    version: str = ""
    format: int = 1
    revision: str = ""
    meanings: dict[str, str] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    ready: dict[str, list[str]] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    in_flight: int = 0
    upstreams: dict[str, Endpoints] = field(default_factory=dict)
    region: str = ""
    zone: str = ""
    regions: dict[str, dict[str, Sight]] = field(default_factory=dict)
    emptying: dict[str, dict[str, Emptying]] | None = None


def about_of(worker: Worker) -> About:
    """Returns what a worker says; of one that nobody can read (a much newer one), nothing."""
    try:
        return msgspec.json.decode(worker.about, type=About)
    except msgspec.DecodeError:
        return About()


def format_of(totals: Totals) -> int:
    """Returns the version of records to write: one that all live workers read."""
    live = (worker for worker in totals.workers if totals.time - worker.seen <= LIVE)
    return agreed(about_of(worker).format for worker in live)


def shared(
    definition: RolloutDefinition, state: RolloutState, version: int, totals: Totals, **known: Any
) -> Observed:
    """Returns what all workers have seen.

    Args:
        definition: of the rollout.
        state: as it was read before the totals.
        version: of the state's document.
        totals: of its release.
        known: whatever else is known: `budget`, `gate`, `outside`.
    """
    told = [(totals.time - worker.seen, about_of(worker)) for worker in totals.workers]
    live = [about for age, about in told if age <= LIVE]
    name = state.rollout
    return Observed(
        served=gather(totals.sums, name, state.number),
        incidents=_incidents(totals.marks, definition, state),
        ready=frozenset(slot for about in live for slot in about.ready.get(name, ())),
        settled=all(about.states.get(name, 0) >= version for about in live if name in about.meanings),
        reported=_ages(name, told),
        **known,
    )


def own(
    definition: RolloutDefinition, state: RolloutState, totals: Mapping[str, int], bits: Mapping[str, int]
) -> Observed:
    """Returns what one worker has seen by itself."""
    return Observed(gather(totals, state.rollout, state.number), _incidents(bits, definition, state))


def _ages(name: str, told: Iterable[tuple[float, About]]) -> dict[str, float]:
    ages: dict[str, float] = {}
    for age, about in told:
        meaning = about.meanings.get(name)
        if meaning is not None:
            ages[meaning] = min(age, ages.get(meaning, age))
    return ages


def _incidents(
    marks: Mapping[str, int], definition: RolloutDefinition, state: RolloutState
) -> dict[tuple[str, str, int], tuple[int, int]]:
    canary = state.canary(definition)
    found: dict[tuple[str, str, int], tuple[int, int]] = {}
    for slot, what, locality, window, bits in incidents_in(marks, state.rollout, state.number):
        one, other = found.get((what, locality, window), (0, 0))
        found[what, locality, window] = (bits, other) if slot == canary else (one, bits)
    return found
