"""All upstreams that are elsewhere, of one kit in one process: which there are, and which of them take requests."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reliakit.clock import Clock
from reliakit.core.snapshot import Snapshot
from reliakit.definitions.models import Definitions
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.errors import MissingExtraError

if TYPE_CHECKING:
    from reliakit.runtime.remotes.remote import Plan, Remote

__all__ = ["Face", "Remotes"]

_log = logging.getLogger("reliakit")
_LOOK = 0.5

Face = Literal["asgi", "wsgi"]


class Remotes:
    """Makes remotes of definitions, keeps those whose definition stays, and closes those whose goes.

    Args:
        file: the definitions; paths of certificates are relative to its folder.
        clock: of the process.

    Attributes:
        ready: the names of those that can be reached, as far as this process knows.
    """

    def __init__(self, file: str | Path, clock: Clock) -> None:
        self._folder, self._clock = Path(file).absolute().parent, clock
        self._faces: set[Face] = set()
        self._present: dict[str, Remote] = {}
        self.ready: set[str] = set()

    def planned(self, definitions: Definitions, snapshot: Snapshot) -> "Mapping[str, Remote]":
        """Returns the remotes of definitions that come into force. Where one can't be opened the former one stays."""
        before = self._present
        present: dict[str, Remote] = {}
        for name, section in definitions.upstreams.items():
            if isinstance(section, UpstreamSection):
                plan = _plan(section, definitions, snapshot, self._folder)
                remote = self._remote(name, plan, before.get(name))
                if remote is not None:
                    present[name] = remote
        self._present = present
        self.ready.intersection_update(present)
        for name, remote in before.items():
            if present.get(name) is not remote:
                remote.close()
        return present

    def use(self, face: Face) -> None:
        """Opens transports now, and with all definitions that follow.

        Raises:
            MissingExtraError: what they need is not installed.
            OSError: a certificate can't be read.
        """
        self._faces.add(face)
        for name, remote in self._present.items():
            remote.open(face)
            self.ready.add(name)

    @property
    def unreachable(self) -> tuple[str, ...]:
        """The names of those that are in use and can't be reached now."""
        return tuple(name for name in self._present if self._faces and name not in self.ready)

    async def watch(self) -> None:
        """Looks after endpoints that can't be reached, for ever."""
        while True:
            await asyncio.sleep(_LOOK)
            for remote in tuple(self._present.values()):
                remote.look()

    def close(self) -> None:
        """Closes all connections; requests that come after it open new ones."""
        for remote in tuple(self._present.values()):
            remote.close()

    def after_fork(self) -> None:
        """In a forked child: opens anew."""
        for remote in self._present.values():
            remote.after_fork()

    def _remote(self, name: str, plan: "Plan", before: "Remote | None") -> "Remote | None":
        from reliakit.runtime.remotes.remote import Remote

        if before is not None and before.plan == plan:
            return before
        made = Remote(name, plan, self._clock, self._told)
        try:
            for face in self._faces:
                made.open(face)
        except (MissingExtraError, OSError) as failed:
            stays = "; it stays as it was" if before else ""
            _log.error("upstream %s can't be opened: %s%s", name, failed, stays)
            return before
        if self._faces:
            self.ready.add(name)
        return made

    def _told(self, name: str, reachable: bool) -> None:
        (self.ready.add if reachable else self.ready.discard)(name)
        _log.warning("upstream %s %s", name, "is tried again" if reachable else "can't be reached")


def _plan(section: UpstreamSection, definitions: Definitions, snapshot: Snapshot, folder: Path) -> "Plan":
    # Imported for the first upstream that is elsewhere: whoever has none starts without any of it.
    from reliakit.failover.distribution import Standpoint
    from reliakit.failover.endpoints import Locality
    from reliakit.runtime.remotes.remote import Plan
    from reliakit.upstreams.forwarding import Forwarding

    home = Locality(definitions.node.region, definitions.node.zone)
    return Plan(section, Forwarding(snapshot.identity), Standpoint(home), folder)
