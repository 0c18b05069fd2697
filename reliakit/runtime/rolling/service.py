"""The part of a worker in replacements: nothing of it is imported before an upstream says how its endpoints are replaced."""

from typing import TYPE_CHECKING

from reliakit.clock import Clock
from reliakit.core.counters import Counters
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.runtime.fleet import Fleet
from reliakit.runtime.keeper import Keeper
from reliakit.runtime.publishing import Publisher
from reliakit.runtime.sections import Sections
from reliakit.runtime.sharing import Sharing
from reliakit.runtime.sighting import Emptying
from reliakit.stores.protocol import Store

if TYPE_CHECKING:
    from reliakit.runtime.remotes.table import Remotes
    from reliakit.runtime.rolling.replacements import Replacements

__all__ = ["RollingService"]


class RollingService:
    """Looks at replacements with each beat.

    Args:
        store: what the workers share.
        keeper: of the definitions in force.
        fleet: this worker among the others.
        sharing: keeps it in touch with the store.
        publisher: of its counts, and of its name.
        counters: of the process.
        clock: of the process.
    """

    def __init__(
        self,
        store: Store,
        keeper: Keeper,
        fleet: Fleet,
        sharing: Sharing,
        publisher: Publisher,
        counters: Counters,
        clock: Clock,
    ) -> None:
        self._store, self._keeper, self._fleet, self._sharing = store, keeper, fleet, sharing
        self._publisher, self._counters, self._clock = publisher, counters, clock
        self._remotes: Remotes | None = None
        self._sections: Sections[UpstreamSection] = Sections(
            keeper, lambda each: each if each.rolling else None
        )
        self.replacements: Replacements | None = None
        sharing.duties.append(self.look)

    def meet(self, remotes: "Remotes") -> None:
        """Learns of the upstreams."""
        self._remotes = remotes
        self._begin()

    def told(self) -> dict[str, dict[str, Emptying]]:
        """Returns what this worker tells the others of endpoints that are replaced, by upstream."""
        return self.replacements.member.told() if self.replacements is not None else {}

    async def look(self) -> None:
        """Looks once, where there is anything to look at; raises StoreError, and ValueError for what it can't read."""
        self._begin()
        if self.replacements is not None:
            await self.replacements.look()

    def _begin(self) -> None:
        if self.replacements is not None or self._remotes is None or not self._sections():
            return
        from reliakit.runtime.rolling.replacements import Replacements

        made = self.replacements = Replacements(
            self._store,
            self._remotes,
            self._sections,
            lambda: self._publisher.worker,
            lambda: self._fleet.now,
            self._counters,
            self._clock,
        )
        self._publisher.others = lambda: made.member.counted.series
        self._fleet.listen(made.prefix, made.member.learn)
        self._sharing.leaving.append(made.leave)
        self._sharing.farewells.append(made.farewell)
