"""Looks at the regions of all upstreams once a second: with the others where the store is there, and alone where not.

Without the store each process decides about what it sees itself, so that the loss of a region that had the store in it
is not the loss of everything.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from reliakit.definitions.hook_models import HookSection
from reliakit.definitions.recovery import recovery_hooks
from reliakit.definitions.recovery_models import RecoverySection
from reliakit.errors import ReliakitError
from reliakit.failover.events import Event
from reliakit.failover.recovery.controller import Decided, decide
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.observed import Observed
from reliakit.runtime.hooks.asking import Asked
from reliakit.runtime.hooks.runner import Hooks
from reliakit.runtime.recovery.alone import Alone, Ruling, renamed, results_of, ruled
from reliakit.runtime.recovery.copies import LastRegions
from reliakit.runtime.recovery.gathering import Gathering
from reliakit.runtime.recovery.place import Place
from reliakit.runtime.recovery.probes import Probes
from reliakit.runtime.recovery.seeing import Seeing
from reliakit.runtime.recovery.standing import Standing, fitted
from reliakit.runtime.recovery.telling import regions_at
from reliakit.runtime.recovery.together import Together, Told, noted
from reliakit.runtime.sighting import Sight
from reliakit.stores.protocol import Document
from reliakit.telemetry.failover_metrics import RegionsAt

__all__ = ["Recoveries"]

_log = logging.getLogger("reliakit")
_WITHIN = 2.0
"""Seconds that the store has for one look. Whoever waits longer for it, with a region lost, waits for both."""


class Recoveries:
    """The regions of all upstreams, in one process.

    Args:
        place: where they are looked at.
        last: keeps on disk what was seen.

    Attributes:
        standing: where they stand.
        happened: told of each event that this process has brought about.
    """

    def __init__(self, place: Place, last: LastRegions) -> None:
        self._place, self.standing = place, Standing(place, last)
        self._seeing = Seeing(place.now, place.clock.monotonic)
        self._gathering: dict[str, Gathering] = {}
        self.probes = Probes(place.folder, place.clock)
        self.hooks = Hooks(place.store, self._hooks, place.worker, place.now, place.folder)
        self._together = Together(place, self.standing, self.hooks, self._observed, self._tell)
        self._unread = False
        self.happened: Callable[[Event], None] = lambda event: None

    @property
    def leads(self) -> bool:
        """Whether this process decides for all."""
        return self._together.controlled.leads

    def told(self) -> dict[str, dict[str, Sight]]:
        """Returns what this process tells the others of regions, by upstream."""
        return {name: self._with_probes(name, each) for name, each in self._seeing.seen.items()}

    def standings(self) -> list[RegionsAt]:
        """Returns where all regions stand; called from any thread."""
        standing, sections = self.standing, self._place.sections()
        return [
            regions_at(
                definition,
                fitted(definition, standing.of(name)),
                standing.measured(name),
                self._probed(name, sections),
            )
            for name, definition in standing.definitions.items()
        ]

    def learned(self, found: Mapping[str, Document]) -> None:
        """Takes in what others have written; raises ValueError where a later version did."""
        self.standing.held.update(self._together.controlled.among(found))
        self.standing.apply()

    async def look(self) -> None:
        """Looks once; never raises because of the store."""
        standing, definitions = self.standing, self.standing.definitions
        standing.alone = {name: each for name, each in standing.alone.items() if name in definitions}
        self._gathering = {name: self._gathering.get(name) or Gathering() for name in definitions}
        found = {name: self._place.find(name) for name in definitions}
        self._seeing.look({name: each.regions() for name, each in found.items() if each is not None})
        if self._place.trouble() or not await self._shared():
            self._alone()
        standing.apply()

    async def farewell(self) -> None:
        """Gives the lease back; raises StoreError."""
        await self._together.controlled.step_down(self._place.worker())

    def leave(self) -> None:
        """Asks and runs nothing more."""
        self.probes.leave()
        self.hooks.leave()

    async def _shared(self) -> bool:
        """Looks with the others; tells whether the store was there for it."""
        try:
            # Not `wait_for`: on Python 3.11 it can swallow a cancellation, and the engine would not stop.
            async with asyncio.timeout(_WITHIN):
                leads = await self._together.lead()
                await self._return(leads)
                if leads:
                    self.probes.ask(self._place.sections())
                    await self._together.decide(self._seeing.seen)
                else:
                    self.probes.leave()
        except (ReliakitError, TimeoutError, ValueError) as failed:
            # Of a store that is gone the log says so once, and elsewhere; of a state that a later version wrote, here.
            level = logging.WARNING if isinstance(failed, ValueError) and not self._unread else logging.DEBUG
            self._unread = isinstance(failed, ValueError)
            _log.log(level, "regions are looked at without the store: %s", failed)
            return False
        self._unread = False
        return True

    async def _return(self, leads: bool) -> None:
        """Settles what was decided while the store was gone."""
        standing, now = self.standing, self._place.clock.monotonic()
        for name, alone in tuple(standing.alone.items()):
            held = standing.shared(name)
            ruling = ruled(alone, held.version, leads, now)
            if ruling is Ruling.KEPT:
                standing.alone[name] = replace(alone, back=now if alone.back is None else alone.back)
                continue
            if ruling is Ruling.OFFERED:
                said = (
                    f"what {self._place.myself().name} has decided without the store holds: {alone.state.why}"
                )
                event = noted(alone.state, said, self._place.now())
                if not await self._together.commit(held, Decided(alone.state, (event,), 0.0)):
                    continue
                self.hooks.results.update(results_of(alone.runs, self.hooks.results))
            elif alone.moved:
                _log.warning("upstream %s: its regions stand as the store says, not as decided here", name)
            standing.alone.pop(name)

    def _alone(self) -> None:
        """Looks alone: about what this process sees, and nothing else."""
        self.probes.ask(self._place.sections())
        for name, definition in self.standing.definitions.items():
            if name in self._seeing.seen:
                self._decide_alone(definition)

    def _decide_alone(self, definition: RecoveryDefinition) -> None:
        name, worker, standing = definition.upstream, self._place.worker(), self.standing
        alone = standing.alone.get(name) or Alone(standing.of(name), standing.shared(name).version)
        observed = self._observed(definition, {worker: self._seeing.seen[name]}, alone)
        decided = decide(definition, fitted(definition, alone.state), observed, self._place.now())
        moved = alone.moved or bool(decided.events)
        events = [replace(each, actor=self._place.myself()) for each in decided.events]
        alone, commands = renamed(
            replace(alone, state=decided.state, moved=moved, back=None), decided.commands, worker
        )
        standing.alone[name] = alone
        for event in events:
            self._place.notice(event.to_record())
        self._tell(events)
        self.hooks.begin((Asked(each, name) for each in commands), shared=False)

    def _observed(self, definition: RecoveryDefinition, told: Told, alone: Alone | None = None) -> Observed:
        name = definition.upstream
        probed = self.probes.known(name, self._place.sections()[name])
        seen = self._gathering[name].look(definition, told, probed)
        runs = alone.runs if alone is not None else {}
        return Observed(seen, results_of(runs, self.hooks.results), shared=alone is None)

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            _log.warning("upstream %s: %s: %s", event.upstream, event.what.replace("_", " "), event.sentence)
            self.happened(event)

    def _hooks(self) -> dict[str, HookSection]:
        sections = self._place.sections().items()
        return {
            hook: each for name, section in sections for hook, each in recovery_hooks(name, section).items()
        }

    def _probed(
        self, name: str, sections: Mapping[str, RecoverySection]
    ) -> dict[str, tuple[float | None, str]]:
        section = sections.get(name)
        return self.probes.known(name, section) if section is not None and self.leads else {}

    def _with_probes(self, name: str, sights: Mapping[str, Sight]) -> dict[str, Sight]:
        probed = self._probed(name, self._place.sections())
        lags = {region: probed.get(region, (None, "")) for region in sights}
        return {
            region: replace(each, lag=lags[region][0], gate=lags[region][1])
            for region, each in sights.items()
        }
