"""Everything that a worker needs for replacements, put together."""

from collections.abc import Callable, Mapping

from reliakit.clock import Clock
from reliakit.core.counters import Counters
from reliakit.definitions.hook_models import SharedHookSection
from reliakit.definitions.rolling import rolling_hooks
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.failover.health import Result
from reliakit.failover.rolling.state import RollingState
from reliakit.runtime.controlled import Controlled
from reliakit.runtime.hooks.runner import Hooks
from reliakit.runtime.remotes.table import Remotes
from reliakit.runtime.rolling.deciding import Rolling
from reliakit.runtime.rolling.member import Member
from reliakit.stores.protocol import Store

__all__ = ["Replacements"]


class Replacements:
    """The replacements of all, as one worker takes part in them.

    Args:
        store: what the workers share.
        remotes: the upstreams of this process.
        sections: those of them whose endpoints can be replaced, asked anew each time.
        worker: names this incarnation.
        now: the store's clock, in seconds since 1970-01-01 UTC.
        counters: of the process.
        clock: of the process.

    Attributes:
        prefix: of the documents that hold where replacements stand.
    """

    def __init__(
        self,
        store: Store,
        remotes: Remotes,
        sections: Callable[[], Mapping[str, UpstreamSection]],
        worker: Callable[[], str],
        now: Callable[[], float],
        counters: Counters,
        clock: Clock,
    ) -> None:
        self._remotes, self._sections, self._worker = remotes, sections, worker
        self._controlled = Controlled(store, "rolling", RollingState.from_record)
        self.prefix = self._controlled.prefix
        self.hooks = Hooks(store, self._written, worker, now, remotes.folder)
        self.member = Member(self._controlled, remotes)
        self.rolling = Rolling(
            store, self._controlled, self.member, self.hooks, sections, self._probe, worker, counters, clock
        )

    async def look(self) -> None:
        """Does what is due once a second.

        Raises:
            StoreError: the store can't be used now.
            ValueError: a state was written by a version that this one can't read.
        """
        self.member.look()
        await self.rolling.turn()

    def leave(self) -> None:
        """Ends what this worker has begun."""
        self.rolling.leave()
        self.hooks.leave()

    async def farewell(self) -> None:
        """Tells the others so, and lets the next one decide; raises StoreError."""
        await self.hooks.tell()
        await self._controlled.step_down(self._worker())

    def _written(self) -> Mapping[str, SharedHookSection]:
        found: dict[str, SharedHookSection] = {}
        for name, section in self._sections().items():
            if section.rolling is not None:
                found.update(rolling_hooks(name, section.rolling))
        return found

    async def _probe(self, upstream: str, address: str) -> Result:
        remote = self._remotes.find(upstream)
        return Result.SILENT if remote is None else await remote.probe(address)
