"""One upstream that is elsewhere, in one process: made when its definition comes into force, dropped when that goes."""

import asyncio
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from reliakit.definitions.quantities import seconds
from reliakit.failover.balancing import Balancer
from reliakit.failover.distribution import Admission, Standpoint
from reliakit.failover.endpoints import Endpoint, EndpointHealth, Locality
from reliakit.failover.health import Result
from reliakit.failover.rings import Ring, ring
from reliakit.runtime.remotes import settings
from reliakit.runtime.remotes.asgi import ASGIRemote
from reliakit.runtime.remotes.choosing import Chooser
from reliakit.runtime.remotes.complaints import Complaints
from reliakit.runtime.remotes.copies import Copies
from reliakit.runtime.remotes.crowds import Crowds
from reliakit.runtime.remotes.health import Health
from reliakit.runtime.remotes.mirrors import Copy, Mirror
from reliakit.runtime.remotes.plans import Company, Plan
from reliakit.runtime.remotes.probing import probe
from reliakit.runtime.remotes.regions import RegionCounts
from reliakit.runtime.remotes.side import Side
from reliakit.runtime.remotes.wsgi import WSGIRemote
from reliakit.upstreams.address import TLS, Address
from reliakit.upstreams.opening import open_transport, open_wsgi_transport
from reliakit.upstreams.protocol import WSGITransport
from reliakit.upstreams.tls import context_of

__all__ = ["Remote"]

_CHECK_WITHIN = 1.0


class Remote:
    """Is called by ASGI and by WSGI, each over transports of its own; these are opened before the first request.

    Args:
        name: of the upstream.
        plan: what it is made of.
        company: what it shares with others.
        before: what was there of that name.

    Attributes:
        ready: whether any endpoint is well, as far as this process knows.
    """

    def __init__(self, name: str, plan: Plan, company: Company, before: "Remote | None" = None) -> None:
        self.name, self.plan, self._company = name, plan, company
        section = plan.section
        self._asgi: ASGIRemote | None = None
        self._wsgi: WSGIRemote | None = None
        self._crowds = Crowds(len(section.endpoints))
        self._active = [0] * len(section.endpoints)
        self._complaints = Complaints(name, company.clock)
        self._addresses = settings.addresses_of(section, plan.folder)
        self._asked = settings.asked_of(section)
        self._terms = settings.terms_of(name, section)
        self._choosers: list[Chooser] = []
        endpoints = settings.endpoints_of(section)
        self._ring: Ring = ring(endpoints) if self._terms.balancer is Balancer.RING_HASH else ()
        self._out = spares = settings.spares_of(section)
        if before is not None:
            self._out = before._out | (spares - before.answered.keys())
        rules = settings.health_rules_of(section)
        self._health = Health(
            name,
            endpoints,
            self._draining(endpoints),
            rules,
            plan.standpoint,
            company.clock,
            company.counters,
        )
        earlier = None if before is None else before._health.admission
        self._health.admission = settings.admission_of(name, section, earlier)
        if before is not None:
            self._health.inherit(before._health)
        self._health.answers.wake = company.wake
        self._distribution = self._health.distribution()
        self._checking: set[int] = set()
        self.ready = self._health.ready

    @property
    def asgi(self) -> ASGIRemote:
        """The upstream as an ASGI application; opened where it is not yet.

        Raises:
            MissingExtraError: what its transport needs is not installed.
            OSError: a certificate can't be read.
        """
        if self._asgi is None:
            section, times = self.plan.section, settings.settings_of(self.plan.section)
            transports = [
                open_transport(address, times, self.plan.forwarding, section.transport)
                for address in self._addresses
            ]
            made = ASGIRemote(transports, self._active, self._mirror())
            made.side = self._side(self._active, lambda: made.flying)
            self._asgi = made
        return self._asgi

    @property
    def wsgi(self) -> WSGIRemote:
        """The upstream as a WSGI application; raises as `asgi` does."""
        if self._wsgi is None:
            made = WSGIRemote(self._threaded(), self._crowds, self._copies())
            made.side = self._side(self._crowds, made.flying.__len__)
            self._wsgi = made
        return self._wsgi

    @property
    def known(self) -> Sequence[tuple[str, EndpointHealth]]:
        """The addresses of its endpoints, and what is known of each."""
        addresses = (endpoint.address for endpoint in self._health.endpoints)
        return list(zip(addresses, self._health.known, strict=True))

    @property
    def in_flight(self) -> dict[str, int]:
        """Requests in flight to each endpoint, by its address: nought of a drained one is what a drain waits for."""
        both = zip(self._health.endpoints, self._active, self._crowds, strict=True)
        return {endpoint.address: one + other for endpoint, one, other in both}

    def open(self, face: Literal["asgi", "wsgi"]) -> None:
        """Opens transports of a kind, where they are not yet open; raises as `asgi` does."""
        getattr(self, face)

    @property
    def spares(self) -> frozenset[str]:
        """The addresses of endpoints that serve only where somebody has started them."""
        return settings.spares_of(self.plan.section)

    @property
    def answered(self) -> Mapping[str, tuple[int, int]]:
        """How many requests each endpoint has ended, by its address, and how many of them in failure."""
        return {
            each.address: count
            for each, count in zip(self._health.endpoints, self._health.ended, strict=True)
        }

    def drain(self, addresses: Collection[str]) -> None:
        """Gives these endpoints no new requests, beside those that the definition says; the others get theirs again. They
        are shown as draining as soon as no request chooses them any more.
        """
        if addresses != self._out:
            self._out = frozenset(addresses)
            self._health.draining = self._draining(self._health.endpoints)
            self._company.wake()

    def replaced(self, address: str) -> None:
        """Forgets what spoke against an endpoint, but for its health check: another process has begun to run there."""
        for number, endpoint in enumerate(self._health.endpoints):
            if endpoint.address == address:
                self._health.replaced(number)
        self._company.wake()

    def _draining(self, endpoints: Sequence[Endpoint]) -> frozenset[int]:
        named = (number for number, endpoint in enumerate(endpoints) if endpoint.address in self._out)
        return settings.draining_of(self.plan.section) | frozenset(named)

    def admit(self, admission: Admission | None) -> None:
        """Has only these regions be asked from now on; None for all."""
        if admission != self._health.admission:
            self._health.admission = admission
            self._company.wake()

    def regions(self) -> Mapping[str, RegionCounts] | None:
        """Returns what each region has answered since this was last called; None while nothing is known of some endpoint."""
        return self._health.regions()

    def stand(self, callers: Mapping[Locality, int]) -> None:
        """Learns how many live workers there are in each locality."""
        self._health.standpoint = Standpoint(self.plan.standpoint.home, callers)

    def tend(self, begin: Callable[[asyncio.Task[None]], None]) -> float:
        """Takes in what requests and checks have shown, and begins the checks that are due; on the engine's loop.

        Args:
            begin: is given each check.

        Returns:
            Seconds until there is something to do, unless somebody wakes the engine before.
        """
        look = self._health.look()
        for chooser in self._choosers:
            chooser.suspects = frozenset(self._health.suspects)
        due, next_ = self._health.due(self._checking)
        for endpoint in due:
            self._checking.add(endpoint)
            begin(asyncio.get_running_loop().create_task(self._check(endpoint)))
        if self._health.changed():
            self._renew()
        return min(look, next_)

    def _renew(self) -> None:
        self._distribution, available = self._health.distribution(), self._health.available
        for chooser in self._choosers:
            chooser.renew(self._distribution, available)
        if self._health.ready is not self.ready:
            self.ready = self._health.ready
            self._company.told(self.name, self.ready)

    async def _check(self, endpoint: int) -> None:
        try:
            self._health.checked(endpoint, await self._probed(endpoint))
        finally:
            self._checking.discard(endpoint)
        self._company.wake()

    async def probe(self, address: str) -> Result:
        """Checks an endpoint now, beside all other checks; one that is not there any more is silent."""
        numbers = (number for number, each in enumerate(self._health.endpoints) if each.address == address)
        number = next(numbers, None)
        return Result.SILENT if number is None else await self._probed(number)

    async def _probed(self, endpoint: int) -> Result:
        check, address = self.plan.section.health_check, self._addresses[endpoint]
        within = _CHECK_WITHIN if check is None else seconds(check.timeout)
        return await probe(address, self._asked, within, lambda: _context(address))

    def close(self) -> None:
        """Closes connections: idle ones now, others when their requests end."""
        for each in (self._asgi, self._wsgi):
            if each is not None:
                each.close()

    def after_fork(self) -> None:
        """In a forked child: the parent's connections are not ours. Those of ASGI belong to a loop that is not here."""
        self._checking.clear()
        if self._wsgi is not None:
            self._wsgi.transports = self._threaded()
            self._wsgi.after_fork()

    def _threaded(self) -> list[WSGITransport]:
        times = settings.settings_of(self.plan.section)
        return [open_wsgi_transport(each, times, self.plan.forwarding) for each in self._addresses]

    def _side(self, active: Sequence[int], flying: Callable[[], int]) -> Side:
        chooser = Chooser(
            self._health.endpoints,
            self._terms.balancer,
            self._ring,
            active,
            self._distribution,
            self._health.available,
        )
        self._choosers.append(chooser)
        company = self._company
        return Side(
            self._terms,
            chooser,
            self._health.answers,
            active,
            flying,
            self._complaints,
            company.counters,
            company.scope,
            self.plan.section.places,
        )

    def _mirror(self) -> Mirror | None:
        rules, section = settings.mirror_rules_of(self.plan.section), self.plan.section.mirror
        if rules is None or section is None:
            return None
        find, to = self._company.find, section.to

        def target() -> Copy | None:
            found = find(to)
            return None if found is None else found.asgi.copy

        return Mirror(self.name, rules, target, self._company.counters)

    def _copies(self) -> Copies | None:
        rules, section = settings.mirror_rules_of(self.plan.section), self.plan.section.mirror
        if rules is None or section is None:
            return None
        find, to = self._company.find, section.to

        def target() -> "Callable[..., None] | None":
            found = find(to)
            return None if found is None else found.wsgi.copy

        return Copies(self.name, rules, target, self._company.counters)


@lru_cache(16)
def _context_of(tls: TLS) -> ssl.SSLContext:
    return context_of(tls)


def _context(address: Address) -> ssl.SSLContext | None:
    return None if address.tls is None else _context_of(address.tls)
