"""All upstreams that are elsewhere, of one kit in one process: which there are, and which of them take requests."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reliakit.clock import Clock
from reliakit.core.counters import Counters
from reliakit.core.scope import Scope
from reliakit.core.snapshot import Snapshot
from reliakit.definitions.models import Definitions
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.errors import MissingExtraError
from reliakit.runtime.sighting import Endpoints
from reliakit.runtime.waiting import either

if TYPE_CHECKING:
    from reliakit.failover.endpoints import EndpointHealth, Locality
    from reliakit.runtime.remotes.plans import Company, Plan
    from reliakit.runtime.remotes.remote import Remote

__all__ = ["Face", "Remotes"]

_log = logging.getLogger("reliakit")
_LOOK = 1.0
"""Seconds between two looks at the endpoints, where nothing is due and nobody wakes the engine."""
_MOST_TOLD = 20
_REST = 10.0
"""How many times as long as a look takes the engine rests after it: where hundreds of endpoints change at once, each
change is not worth a computation of its own."""

Face = Literal["asgi", "wsgi"]


class Remotes:
    """Makes remotes of definitions, keeps those whose definition stays, and closes those whose goes.

    Args:
        file: the definitions; paths of certificates are relative to its folder.
        clock: of the process.
        counters: of the process.

    Attributes:
        ready: the names of those that take requests, as far as this process knows.
        folder: of the definitions.
        scope: tells the scope of the moment, by which requests stick to endpoints.
    """

    def __init__(self, file: str | Path, clock: Clock, counters: Counters) -> None:
        self.folder, self._clock, self._counters = Path(file).absolute().parent, clock, counters
        self._faces: set[Face] = set()
        self._present: dict[str, Remote] = {}
        self._wake: Callable[[], None] = _nobody
        self._callers: Mapping[Locality, int] = {}
        self.ready: set[str] = set()
        self.scope: Callable[[], Scope | None] = lambda: None

    def planned(self, definitions: Definitions, snapshot: Snapshot) -> "Mapping[str, Remote]":
        """Returns the remotes of definitions that come into force. Where one can't be opened the former one stays."""
        before = self._present
        present: dict[str, Remote] = {}
        for name, section in definitions.upstreams.items():
            if isinstance(section, UpstreamSection):
                plan = _plan(section, definitions, snapshot, self.folder)
                remote = self._remote(name, plan, before.get(name))
                if remote is not None:
                    present[name] = remote
        self._present = present
        self.ready.intersection_update(present)
        for name, remote in before.items():
            if present.get(name) is not remote:
                remote.close()
        if present:
            self._share_callers()
            self._wake()
        return present

    def use(self, face: Face) -> None:
        """Opens transports now, and with all definitions that follow.

        Raises:
            MissingExtraError: what they need is not installed.
            OSError: a certificate can't be read.
        """
        self._faces.add(face)
        for remote in self._present.values():
            remote.open(face)
            self._admit(remote)

    @property
    def unreachable(self) -> tuple[str, ...]:
        """The names of those that are in use and can't be reached now."""
        return tuple(name for name in self._present if self._faces and name not in self.ready)

    @property
    def known(self) -> "Mapping[str, Sequence[tuple[str, EndpointHealth]]]":
        """What is known of each endpoint, beside its address, by upstream."""
        return {name: remote.known for name, remote in self._present.items()} if self._faces else {}

    def counted(self) -> Mapping[tuple[str, str], int]:
        """Returns how many endpoints there are by (upstream, status)."""
        return Counter(
            (name, str(health.status)) for name, known in self.known.items() for _, health in known
        )

    def told(self) -> dict[str, Endpoints]:
        """Returns what this worker tells others of the endpoints."""
        return {name: _told(known) for name, known in self.known.items()}

    def find(self, name: str) -> "Remote | None":
        """Returns a remote by its name."""
        return self._present.get(name)

    def called_from(self, callers: "Mapping[Locality, int]") -> None:
        """Learns how many live workers there are in each locality, for zone-aware routing."""
        if callers != self._callers:
            self._callers = callers
            self._share_callers()
            self._wake()

    async def watch(self) -> None:
        """Looks after all endpoints, for ever: takes in what requests have shown, and checks those that are to be."""
        woken, checks = asyncio.Event(), set[asyncio.Task[None]]()
        loop = asyncio.get_running_loop()

        def begin(check: asyncio.Task[None]) -> None:
            checks.add(check)
            check.add_done_callback(checks.discard)

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(woken.set)
            except RuntimeError:  # the engine has just stopped
                self._wake = _nobody

        self._wake = wake
        try:
            while True:
                woken.clear()
                began = self._clock.monotonic()
                waits = [each.tend(begin) for each in tuple(self._present.values())] if self._faces else []
                await asyncio.sleep((self._clock.monotonic() - began) * _REST)
                await either(woken, min(waits, default=_LOOK))
        finally:
            self._wake = _nobody
            for check in checks:
                check.cancel()

    def close(self) -> None:
        """Closes all connections; requests that come after it open new ones."""
        for remote in tuple(self._present.values()):
            remote.close()

    def after_fork(self) -> None:
        """In a forked child: opens anew."""
        self._wake = _nobody
        for remote in self._present.values():
            remote.after_fork()

    def _remote(self, name: str, plan: "Plan", before: "Remote | None") -> "Remote | None":
        from reliakit.runtime.remotes.remote import Remote

        if before is not None and before.plan == plan:
            return before
        try:
            made = Remote(name, plan, self._company(), before)
            for face in self._faces:
                made.open(face)
        except (MissingExtraError, OSError) as failed:
            stays = "; it stays as it was" if before else ""
            _log.error("upstream %s can't be opened: %s%s", name, failed, stays)
            return before
        if self._faces:
            self._admit(made)
        return made

    def _company(self) -> "Company":
        from reliakit.runtime.remotes.plans import Company

        return Company(
            clock=self._clock,
            counters=self._counters,
            scope=self._scope_now,
            told=self._told,
            wake=self._wake_engine,
            find=self.find,
        )

    def _scope_now(self) -> Scope | None:
        return self.scope()

    def _wake_engine(self) -> None:
        self._wake()

    def _admit(self, remote: "Remote") -> None:
        (self.ready.add if remote.ready else self.ready.discard)(remote.name)

    def _share_callers(self) -> None:
        for remote in self._present.values():
            remote.stand(self._callers)

    def _told(self, name: str, reachable: bool) -> None:
        (self.ready.add if reachable else self.ready.discard)(name)
        if reachable:
            _log.info("upstream %s takes requests", name)
        else:
            _log.warning("upstream %s can't be reached: no endpoint of it is well", name)


def _told(known: "Sequence[tuple[str, EndpointHealth]]") -> Endpoints:
    unwell = {address: str(health.status) for address, health in known if not health.available}
    return Endpoints(len(known), len(known) - len(unwell), dict(islice(unwell.items(), _MOST_TOLD)))


def _nobody() -> None:
    """Wakes nobody: the engine does not run."""


def _plan(section: UpstreamSection, definitions: Definitions, snapshot: Snapshot, folder: Path) -> "Plan":
    # Imported for the first upstream that is elsewhere: whoever has none starts without any of it.
    from reliakit.failover.distribution import Standpoint
    from reliakit.failover.endpoints import Locality
    from reliakit.runtime.remotes.plans import Plan
    from reliakit.upstreams.forwarding import Forwarding

    home = Locality(definitions.node.region, definitions.node.zone)
    return Plan(section, Forwarding(snapshot.identity), Standpoint(home), folder)
