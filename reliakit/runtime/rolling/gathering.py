"""From what workers tell to what a decision about a replacement is shown: pure."""

from collections.abc import Callable, Mapping, Sequence

from reliakit.failover.rolling.observed import EndpointSeen
from reliakit.failover.rolling.phases import OUT, Step
from reliakit.failover.rolling.state import RollingState, Unit
from reliakit.runtime.sighting import LIVE, About, Emptying, about_of
from reliakit.stores.protocol import Totals

__all__ = ["FRESH", "gathered", "mark_of", "tellers"]

FRESH = frozenset({Step.STARTING, Step.RETURNING})
"""Steps in which another process has just begun to run: what was known of the endpoint is of the one before."""


def mark_of(state: RollingState, unit: Unit) -> str:
    """Returns what tells a step of an endpoint from all that it ever was in: none comes twice in a replacement, but where
    people had it tried again.
    """
    return f"{state.number}/{unit.step}"


def tellers(totals: Totals, upstream: str) -> list[About]:
    """Returns what the live workers say that send requests to an upstream."""
    live = (about_of(worker) for worker in totals.workers if totals.time - worker.seen <= LIVE)
    return [about for about in live if upstream in about.upstreams]


def gathered(
    state: RollingState,
    told: Sequence[About],
    known: Mapping[str, bool],
    probed: Callable[[Unit], bool],
) -> dict[str, EndpointSeen]:
    """Returns what is seen of each endpoint.

    Args:
        state: of the replacement.
        told: by the live workers.
        known: endpoints by their addresses, and whether this worker has them for well.
        probed: whether an endpoint has passed checks that were begun in the step that it is in.
    """
    return {unit.address: _seen(state, unit, told, known, probed) for unit in state.units}


def _seen(
    state: RollingState,
    unit: Unit,
    told: Sequence[About],
    known: Mapping[str, bool],
    probed: Callable[[Unit], bool],
) -> EndpointSeen:
    says = [_says(about, state, unit) for about in told]
    sure = [each for each in says if each is not None]
    agreed = bool(says) and len(sure) == len(says)
    in_flight = sum(each.in_flight for each in sure) if agreed else None
    if unit.step not in OUT:
        return EndpointSeen(known.get(unit.address, False), in_flight)
    if unit.step not in FRESH:
        # Its hook may have ended just now: what is known is of the process that is gone, and the decision goes on at once.
        return EndpointSeen(False, in_flight)
    # Also by the others, or they would send requests to the others alone while the next one is taken away.
    return EndpointSeen(agreed and all(each.well for each in sure) and probed(unit), in_flight)


def _says(about: About, state: RollingState, unit: Unit) -> Emptying | None:
    """Returns what a worker says of an endpoint, where it has heard of the step that this is in."""
    found = (about.emptying or {}).get(state.upstream, {}).get(unit.address)
    return found if found is not None and found.mark == mark_of(state, unit) else None
