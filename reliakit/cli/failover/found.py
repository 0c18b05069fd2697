"""The regions that a command is about: as the file has them, and as the store and the workers do."""

from collections.abc import Mapping
from dataclasses import dataclass

from reliakit.cli.printing import Failure
from reliakit.cli.reports import Reporting, reporting
from reliakit.cli.shared import Shared
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import enumerate_words, suggestion
from reliakit.definitions.recovery import recoveries, recovery_definition
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.observed import Observed, RegionSeen
from reliakit.failover.recovery.state import RecoveryState
from reliakit.runtime.controlled import Controlled, Held
from reliakit.runtime.recovery.gathering import sights_of
from reliakit.runtime.recovery.standing import fitted
from reliakit.runtime.recovery.telling import shares_of
from reliakit.runtime.recovery.together import KIND, fresh

__all__ = ["Found", "controlled", "defined", "found"]


@dataclass(frozen=True, slots=True)
class Found:
    """The regions of an upstream at a moment.

    Attributes:
        definition: of them.
        held: where they stand.
        now: the store's clock.
        seen: what live workers see of each, without their requests.
        workers: how many of them see anything.
        reporting: all workers.
    """

    definition: RecoveryDefinition
    held: Held[RecoveryState]
    now: float
    seen: Mapping[str, RegionSeen]
    workers: int
    reporting: Reporting

    @property
    def state(self) -> RecoveryState:
        """Where they stand."""
        return fitted(self.definition, self.held.state)

    @property
    def observed(self) -> Observed:
        """The same for whoever obeys an order."""
        return Observed(self.seen)

    @property
    def shares(self) -> dict[str, float]:
        """The share of the traffic that each region gets; of those that share a part, each as much."""
        return shares_of(self.definition, self.state)


def defined(definitions: Definitions, name: str) -> RecoveryDefinition:
    """Returns what decides about the regions of an upstream.

    Raises:
        Failure: there is none of that name, or its regions do not stand in for each other.
    """
    sections = recoveries(definitions)
    if name in sections:
        return recovery_definition(name, sections[name])
    if name in definitions.upstreams:
        raise Failure(
            f"the regions of {name} do not stand in for each other: give it `recovery: {{strategy: …, regions: …}}`"
        )
    known = (
        f"there are {enumerate_words(sorted(sections))}" if sections else "the file has none with `recovery`"
    )
    raise Failure(f"there is no upstream {name!r}; {suggestion(name, sections) or known}")


def controlled(shared: Shared) -> Controlled[RecoveryState]:
    """Returns where states are read and written."""
    return Controlled(shared.store, KIND, RecoveryState.from_record)


async def found(shared: Shared, definition: RecoveryDefinition) -> Found:
    """Looks at the regions of an upstream; raises StoreError."""
    name, workers = definition.upstream, await reporting(shared)
    held = (await controlled(shared).load()).get(name) or Held(RecoveryState(name, workers.now))
    totals = await shared.store.totals("-")
    told = fresh(totals, name)
    seen = {}
    for region in definition.regions:
        sights = [each[region] for each in told.values() if region in each]
        lags = [sight.lag for sight in sights if sight.lag is not None]
        gates = [sight.gate for sight in sights if sight.gate]
        seen[region] = RegionSeen(
            *sights_of(sights), lag=min(lags, default=None), gate=gates[0] if gates else ""
        )
    return Found(definition, held, totals.time, seen, len(told), workers)
