"""Where the regions of each upstream stand, as one process has it in force."""

from collections.abc import Mapping

from reliakit.definitions.recovery import recovery_definition
from reliakit.definitions.recovery_models import RecoverySection
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.state import RecoveryState, admitted
from reliakit.runtime.controlled import Held
from reliakit.runtime.recovery.alone import Alone
from reliakit.runtime.recovery.copies import LastRegions
from reliakit.runtime.recovery.place import Place

__all__ = ["Standing", "fitted"]


class Standing:
    """The definitions in force, and what is known of where they stand.

    Args:
        place: where regions are looked at.
        last: keeps on disk what was seen.

    Attributes:
        held: what the store has, or had when it was last seen.
        alone: what this process has decided by itself; it goes before what the store has.
    """

    def __init__(self, place: Place, last: LastRegions) -> None:
        self._place, self._last = place, last
        self.held: dict[str, Held[RecoveryState]] = {}
        self.alone: dict[str, Alone] = {}
        self._measured: dict[str, tuple[float | None, float | None]] = {}
        self._read: tuple[Mapping[str, RecoverySection], Mapping[str, RecoveryDefinition]] | None = None

    @property
    def definitions(self) -> Mapping[str, RecoveryDefinition]:
        """What decides about the regions, by upstream."""
        sections = self._place.sections()
        if self._read is None or self._read[0] != sections:
            self._read = sections, {name: recovery_definition(name, each) for name, each in sections.items()}
        return self._read[1]

    def of(self, name: str) -> RecoveryState:
        """Returns where an upstream's regions stand."""
        alone = self.alone.get(name)
        return self.shared(name).state if alone is None else alone.state

    def shared(self, name: str) -> Held[RecoveryState]:
        """Returns where they stand as the store has it."""
        return self.held.get(name) or Held(RecoveryState(name, self._place.now()))

    def measured(self, name: str) -> tuple[float | None, float | None]:
        """Returns the RTO and the RPO of the last failover that this process knows of."""
        return self._measured.get(name, (None, None))

    def recall(self) -> None:
        """Takes for true what this host has last seen, until the store says otherwise."""
        self.held = {name: Held(state) for name, state in self._last.load().items()}
        self.apply()

    def apply(self) -> None:
        """Puts in force where they stand."""
        states = {name: self.of(name) for name in self.definitions}
        for name, definition in self.definitions.items():
            incident = states[name].incident
            if incident is not None and incident.rto is not None:
                self._measured[name] = incident.rto, incident.lag
            found = self._place.find(name)
            if found is not None:
                found.admit(admitted(definition, fitted(definition, states[name])))
        self._last.save(states)


def fitted(definition: RecoveryDefinition, state: RecoveryState) -> RecoveryState:
    """Returns a state of the regions that there are: where one of an incident is gone from the definition, it is over."""
    incident = state.incident
    if incident is None or {incident.away, incident.to or incident.away} <= set(definition.regions):
        return state
    why = f"the regions are others now: the incident of {incident.away} is over"
    return RecoveryState(
        state.upstream, state.at, number=state.number, rested=0.0, series=state.series, why=why
    )
