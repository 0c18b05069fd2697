"""What becomes of regions, for those who watch: counts, events of OpenTelemetry, and where all stand."""

import asyncio
from collections.abc import Mapping
from functools import partial

from reliakit.core.counters import Counters, Met
from reliakit.failover.events import Event
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.phases import Phase
from reliakit.failover.recovery.state import RecoveryState, admitted
from reliakit.telemetry.events import Told, emit
from reliakit.telemetry.failover_metrics import RegionsAt

__all__ = ["happened", "regions_at", "shares_of"]

_WORDS = {phase: phase.value.lower() for phase in Phase} | {Phase.FAILING_BACK: "failing_back"}


def happened(event: Event, counters: Counters) -> None:
    """Counts an event, and has OpenTelemetry log it: by the process that brought it about."""
    counters.add(Met(event.upstream, "failover", event.what.value))
    attributes = {
        "reliakit.upstream.name": event.upstream,
        "reliakit.failover.event": event.what.value,
        "reliakit.failover.phase": _WORDS[Phase(event.after)],
        "reliakit.actor.kind": event.actor.kind,
        **{f"reliakit.failover.{name}": fact for name, fact in event.facts.items() if fact is not None},
    }
    told = Told(f"reliakit.failover.{event.what.value}", event.at, event.sentence, attributes)
    # In a thread: what an application has hung behind its logger may take as long as it likes.
    asyncio.get_running_loop().run_in_executor(None, partial(emit, told))


def shares_of(definition: RecoveryDefinition, state: RecoveryState) -> dict[str, float]:
    """Returns the share of the traffic that each region may get; of those that share a part, each as much."""
    every = frozenset(definition.regions)
    shares = dict.fromkeys(definition.regions, 0.0)
    for share, regions in admitted(definition, state) or ((1.0, every),):
        for region in regions:
            shares[region] += share / len(regions)
    return shares


def regions_at(
    definition: RecoveryDefinition,
    state: RecoveryState,
    measured: tuple[float | None, float | None],
    probed: Mapping[str, tuple[float | None, str]],
) -> RegionsAt:
    """Returns where the regions of an upstream stand, as telemetry has it.

    Args:
        definition: of them.
        state: where they stand.
        measured: the RTO and the RPO of the last failover.
        probed: region -> its lag, and what its gate says.
    """
    shares = {region: share * 100 for region, share in shares_of(definition, state).items()}
    lags = {region: lag for region, (lag, _) in probed.items() if lag is not None}
    objectives = definition.rto, definition.rpo
    return RegionsAt(definition.upstream, _WORDS[state.phase], shares, lags, *measured, objectives)
