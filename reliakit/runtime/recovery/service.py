"""The service that looks at regions: nothing of it is imported before an upstream has any that stand in for each other."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reliakit.clock import Clock
from reliakit.core.acting import Actor
from reliakit.core.counters import Counters
from reliakit.definitions.recovery_models import RecoverySection
from reliakit.runtime.fleet import Fleet
from reliakit.runtime.keeper import Keeper
from reliakit.runtime.notices import Notices
from reliakit.runtime.sections import Sections
from reliakit.runtime.sharing import Sharing
from reliakit.runtime.sighting import Sight
from reliakit.stores.protocol import Document, Store
from reliakit.telemetry.failover_metrics import RegionsAt

if TYPE_CHECKING:
    from reliakit.runtime.recovery.recoveries import Recoveries
    from reliakit.runtime.remotes.table import Remotes

__all__ = ["RegionService"]

_log = logging.getLogger("reliakit")

_PERIOD = 1.0
_PREFIX = "recovery/"


class RegionService:
    """Looks at regions once a second, in the engine.

    Args:
        store: what the workers share.
        keeper: of the definitions in force.
        fleet: this worker among the others.
        sharing: keeps it in touch with the store.
        notices: takes what is for the journal while the store is gone.
        counters: of the process.
        worker: names this incarnation.
        myself: it, as the journal has it.
        clock: of the process.
        folder: where the last seen state is kept; None where that is of no use.
    """

    def __init__(
        self,
        store: Store,
        keeper: Keeper,
        fleet: Fleet,
        sharing: Sharing,
        notices: Notices,
        counters: Counters,
        worker: Callable[[], str],
        myself: Callable[[], Actor],
        clock: Clock,
        folder: Path | None,
    ) -> None:
        self._store, self._keeper, self._fleet, self._sharing = store, keeper, fleet, sharing
        self._notices, self._counters, self._worker, self._myself = notices, counters, worker, myself
        self._clock, self._folder = clock, folder
        self._remotes: Remotes | None = None
        self.sections: Sections[RecoverySection] = Sections(keeper, lambda section: section.recovery)
        self.recoveries: Recoveries | None = None

    def meet(self, remotes: "Remotes") -> None:
        """Learns of the upstreams, and puts in force where this host has last seen their regions."""
        self._remotes = remotes
        self._begin()

    def told(self) -> dict[str, dict[str, Sight]]:
        """Returns what this worker tells the others of regions, by upstream."""
        return self.recoveries.told() if self.recoveries is not None else {}

    def standings(self) -> Iterable[RegionsAt]:
        """Returns where regions stand; called from any thread."""
        return self.recoveries.standings() if self.recoveries is not None else ()

    async def keep(self) -> None:
        """Runs until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_PERIOD)

    async def look(self) -> None:
        """Looks once, where there is anything to look at."""
        self._begin()
        if self.recoveries is not None:
            await self.recoveries.look()

    def _begin(self) -> None:
        if self.recoveries is not None or self._remotes is None or not self.sections():
            return
        from reliakit.runtime.recovery.copies import LastRegions
        from reliakit.runtime.recovery.place import Place
        from reliakit.runtime.recovery.recoveries import Recoveries
        from reliakit.runtime.recovery.telling import happened

        place = Place(
            store=self._store,
            sections=self.sections,
            find=self._remotes.find,
            worker=self._worker,
            myself=self._myself,
            now=lambda: self._fleet.now,
            clock=self._clock,
            trouble=lambda: self._sharing.trouble is not None,
            notice=self._notices.put,
            folder=self._remotes.folder,
        )
        made = self.recoveries = Recoveries(place, LastRegions(self._folder, self._store.name))
        made.happened = lambda event: happened(event, self._counters)
        made.standing.recall()
        self._fleet.listeners[_PREFIX] = self._learned
        self._sharing.leaving.append(made.leave)
        self._sharing.farewells.append(made.farewell)

    def _learned(self, found: Mapping[str, Document]) -> None:
        """What a later version has written must keep nobody from what else has changed."""
        try:
            if self.recoveries is not None:
                self.recoveries.learned(found)
        except ValueError as unread:
            _log.debug("where regions stand can't be read: %s", unread)
