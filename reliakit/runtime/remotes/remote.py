"""One upstream that is elsewhere, in one process: made when its definition comes into force, dropped when that goes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reliakit.clock import Clock
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.failover.balancing import Balancer
from reliakit.failover.distribution import Standpoint
from reliakit.runtime.remotes.asgi import ASGIRemote
from reliakit.runtime.remotes.complaints import Complaints
from reliakit.runtime.remotes.reachability import Reachability
from reliakit.runtime.remotes.settings import addresses_of, endpoints_of, settings_of
from reliakit.runtime.remotes.wsgi import WSGIRemote
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.opening import open_transport, open_wsgi_transport
from reliakit.upstreams.protocol import WSGITransport

__all__ = ["Plan", "Remote"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a remote is made of. One of an equal plan stays as it is, with its connections.

    Attributes:
        section: what is written of it.
        forwarding: what its endpoints are told of the client.
        standpoint: where this process runs.
        folder: that paths of files are relative to.
    """

    section: UpstreamSection
    forwarding: Forwarding
    standpoint: Standpoint
    folder: Path


class Remote:
    """Is called by ASGI and by WSGI, each over transports of its own; these are opened before the first request.

    Args:
        name: of the upstream.
        plan: what it is made of.
        clock: of the process.
        told: told whether an endpoint can be reached, whenever that changes.
    """

    def __init__(self, name: str, plan: Plan, clock: Clock, told: Callable[[str, bool], None]) -> None:
        self.name, self.plan, self._clock, self._told = name, plan, clock, told
        self._asgi: ASGIRemote | None = None
        self._wsgi: WSGIRemote | None = None
        self._complaints = Complaints(name, clock)
        self._watched: list[Reachability] = []

    @property
    def asgi(self) -> ASGIRemote:
        """The upstream as an ASGI application; opened where it is not yet.

        Raises:
            MissingExtraError: what its transport needs is not installed.
            OSError: a certificate can't be read.
        """
        if self._asgi is None:
            section, settings = self.plan.section, settings_of(self.plan.section)
            transports = [
                open_transport(address, settings, self.plan.forwarding, section.transport)
                for address in addresses_of(section, self.plan.folder)
            ]
            active = [0] * len(transports)
            reachability = self._reachability(Balancer.LEAST_REQUEST, active)
            self._asgi = ASGIRemote(transports, reachability, active, self._complaints)
        return self._asgi

    @property
    def wsgi(self) -> WSGIRemote:
        """The upstream as a WSGI application; raises as `asgi` does."""
        if self._wsgi is None:
            # In turn: threads can't keep count of what is in flight to each without a lock.
            reachability = self._reachability(Balancer.ROUND_ROBIN, [])
            self._wsgi = WSGIRemote(self._threaded(), reachability, self._complaints)
        return self._wsgi

    def open(self, face: Literal["asgi", "wsgi"]) -> None:
        """Opens transports of a kind, where they are not yet open; raises as `asgi` does."""
        getattr(self, face)

    def look(self) -> None:
        """Gives endpoints that could not be reached another chance when it is time."""
        for each in self._watched:
            each.look()

    def close(self) -> None:
        """Closes connections: idle ones now, others when their requests end."""
        for each in (self._asgi, self._wsgi):
            if each is not None:
                each.close()

    def after_fork(self) -> None:
        """In a forked child: the parent's connections are not ours. Those of ASGI belong to a loop that is not here."""
        if self._wsgi is not None:
            self._wsgi.transports = self._threaded()

    def _threaded(self) -> list[WSGITransport]:
        settings = settings_of(self.plan.section)
        return [
            open_wsgi_transport(address, settings, self.plan.forwarding)
            for address in addresses_of(self.plan.section, self.plan.folder)
        ]

    def _reachability(self, balancer: Balancer, active: list[int]) -> Reachability:
        def told(reachable: bool) -> None:
            self._told(self.name, reachable)

        made = Reachability(
            endpoints_of(self.plan.section), self.plan.standpoint, balancer, active, self._clock, told
        )
        self._watched.append(made)
        return made
