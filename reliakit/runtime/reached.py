"""What a worker shares about upstreams that are elsewhere: the hooks that it runs, and the endpoints that are replaced."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reliakit.clock import Clock
from reliakit.definitions.hook_models import HookSection
from reliakit.definitions.rolling import rolling_hooks, rollings
from reliakit.failover.health import Result
from reliakit.failover.rolling.state import RollingState
from reliakit.runtime.controlled import Controlled
from reliakit.runtime.fleet import Fleet
from reliakit.runtime.hooks.runner import Hooks
from reliakit.runtime.keeper import Keeper
from reliakit.runtime.publishing import Publisher
from reliakit.runtime.rolling.deciding import Rolling
from reliakit.runtime.rolling.member import Member
from reliakit.runtime.sharing import Sharing
from reliakit.stores.protocol import Store

if TYPE_CHECKING:
    from reliakit.runtime.remotes.table import Remotes

__all__ = ["Reached"]


class Reached:
    """The part of one worker.

    Args:
        store: what the workers share.
        keeper: of the definitions in force.
        fleet: the worker among the others.
        publisher: of its counts.
        remotes: its upstreams.
        clock: of the process.
    """

    def __init__(
        self,
        store: Store,
        keeper: Keeper,
        fleet: Fleet,
        publisher: Publisher,
        remotes: "Remotes",
        clock: Clock,
    ) -> None:
        self._keeper, self._remotes, self._publisher = keeper, remotes, publisher
        self.hooks = Hooks(store, self._hooks, self._worker, lambda: fleet.now, remotes.folder)
        self._replacements = Controlled(store, "rolling", RollingState.from_record)
        self.member = Member(self._replacements, remotes)
        self.rolling = Rolling(
            store,
            self._replacements,
            self.member,
            self.hooks,
            lambda: rollings(keeper.state.definitions),
            self._probe,
            self._worker,
            clock,
        )
        fleet.listeners[self._replacements.prefix] = self.member.learn
        publisher.others = lambda: self.member.counted.series

    def join(self, sharing: Sharing) -> None:
        """Has it be done once a second, and left in order."""
        sharing.duties += [self._look]
        sharing.leaving += [self.rolling.leave, self.hooks.leave]
        sharing.farewells += [self.hooks.tell, self._step_down]

    async def _look(self) -> None:
        self.member.look()
        await self.rolling.turn()

    async def _step_down(self) -> None:
        await self._replacements.step_down(self._worker())

    def _worker(self) -> str:
        return self._publisher.worker

    def _hooks(self) -> Mapping[str, HookSection]:
        found: dict[str, HookSection] = {}
        for name, section in rollings(self._keeper.state.definitions).items():
            if section.rolling is not None:
                found.update(rolling_hooks(name, section.rolling))
        return found

    async def _probe(self, upstream: str, address: str) -> Result:
        remote = self._remotes.find(upstream)
        return Result.SILENT if remote is None else await remote.probe(address)
