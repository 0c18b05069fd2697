"""A look at regions with those who share the store: one of them decides for all, by what all have seen."""

import logging
from collections.abc import Callable, Iterable, Mapping

from reliakit.failover.events import RECOVERY, Event, Happening
from reliakit.failover.recovery.controller import Decided, decide
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.observed import Observed
from reliakit.failover.recovery.state import RecoveryState
from reliakit.runtime.controlled import Controlled, Held
from reliakit.runtime.hooks.asking import Asked
from reliakit.runtime.hooks.runner import Hooks
from reliakit.runtime.recovery.place import Place
from reliakit.runtime.recovery.standing import Standing, fitted
from reliakit.runtime.sighting import Sight, about_of
from reliakit.stores.protocol import Totals

__all__ = ["KIND", "Together", "fresh", "noted"]

_log = logging.getLogger("reliakit")
KIND = "recovery"
"""Of the documents, and the name of the lease."""
_FRESH = 5.0
"""Seconds for which counts what a worker has seen: one that went down with a region saw it well until then."""

Told = Mapping[str, Mapping[str, Sight]]
"""Worker -> region -> what it has seen."""


class Together:
    """Looks with the others.

    Args:
        place: where regions are looked at.
        standing: where they stand.
        hooks: of this process.
        observed: puts together what was seen of an upstream's regions.
        tell: is told of what this process has brought about.
    """

    def __init__(
        self,
        place: Place,
        standing: Standing,
        hooks: Hooks,
        observed: Callable[[RecoveryDefinition, Told], Observed],
        tell: Callable[[Iterable[Event]], None],
    ) -> None:
        self._place, self._standing, self._hooks = place, standing, hooks
        self._observed, self._tell = observed, tell
        self.controlled = Controlled(place.store, KIND, RecoveryState.from_record)

    async def lead(self) -> bool:
        """Takes in what the store has, and tells whether this worker decides now; raises StoreError and ValueError."""
        definitions = self._standing.definitions
        leads = await self.controlled.lead(self._place.worker(), bool(definitions))
        if definitions:
            await self.learn(leads)
        return leads

    async def learn(self, leads: bool) -> None:
        """Takes in what the store has; where it has lost that, what this worker knows stays, and it is told again."""
        found = await self.controlled.load()
        known = {name: each for name, each in self._standing.held.items() if name not in found}
        self._standing.held = {name: Held(each.state) for name, each in known.items()} | found
        for name, each in known.items():
            if not leads or name not in self._standing.definitions or name in self._standing.alone:
                continue
            if each.version or each.state.incident:
                _log.error(
                    "%s has lost where the regions of %s stand: it is told again",
                    self._place.store.name,
                    name,
                )
                await self.controlled.commit(name, 0, each.state.to_record())

    async def decide(self, own: Mapping[str, Mapping[str, Sight]]) -> None:
        """Decides about all regions; raises StoreError and ValueError.

        Args:
            own: what this process has seen, by upstream.
        """
        standing, worker = self._standing, self._place.worker()
        if not self._hooks.idle or any(each.state.run for each in standing.held.values()):
            await self._hooks.learn()
        totals = await self._place.store.totals("-")
        for name, definition in standing.definitions.items():
            told = {other: each for other, each in fresh(totals, name).items() if other != worker}
            if name in own:
                told[worker] = own[name]
            if told:
                await self._decide(definition, self._observed(definition, told), totals.time)

    async def commit(self, held: Held[RecoveryState], decided: Decided) -> bool:
        """Writes what follows; tells whether nobody else was faster. Raises StoreError."""
        state, events = decided.state, [event.to_record() for event in decided.events]
        news = bool(events) or state.weight != held.state.weight
        if not await self.controlled.commit(
            state.upstream, held.version, state.to_record(), events, news=news
        ):
            return False
        self._standing.held.update(await self.controlled.load())
        self._tell(decided.events)
        return True

    async def _decide(self, definition: RecoveryDefinition, observed: Observed, now: float) -> None:
        name = definition.upstream
        held = self._standing.shared(name)
        state = fitted(definition, held.state)
        decided = decide(definition, state, observed, now)
        if state is not held.state:
            over = noted(state, state.why, now)
            decided = Decided(decided.state, (over, *decided.events), decided.wake, decided.commands)
        if decided.state is not held.state and not await self.commit(held, decided):
            return
        self._hooks.begin(Asked(each, name) for each in decided.commands)


def fresh(totals: Totals, upstream: str) -> dict[str, Mapping[str, Sight]]:
    """Returns what workers have seen of an upstream's regions lately, by worker."""
    told = {each.name: about_of(each) for each in totals.workers if totals.time - each.seen <= _FRESH}
    return {name: about.regions[upstream] for name, about in told.items() if upstream in about.regions}


def noted(state: RecoveryState, sentence: str, now: float) -> Event:
    """Returns an event that changes no phase."""
    phase = state.phase
    return Event(Happening.NOTED, state.upstream, now, state.number, phase, phase, sentence, RECOVERY)
