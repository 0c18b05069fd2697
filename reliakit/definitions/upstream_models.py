"""What users write about upstreams that are elsewhere: where their endpoints are, and how these are reached."""

from typing import Annotated, Literal

from msgspec import Meta

from reliakit.definitions.balancing_models import (
    LimitsSection,
    MirrorSection,
    PrioritiesSection,
    RetriesSection,
)
from reliakit.definitions.basics import Model, Text
from reliakit.definitions.health_models import HealthCheckSection, OutlierSection, SlowStartSection
from reliakit.definitions.quantities import Duration
from reliakit.definitions.recovery_models import RecoverySection
from reliakit.definitions.rolling_models import RollingSection

__all__ = [
    "EndpointSection",
    "NodeSection",
    "PoolSection",
    "TimeoutsSection",
    "UpstreamSection",
    "UpstreamTLSSection",
]

Url = Annotated[
    Text, Meta(description="a URL such as http://10.0.1.5:8000, https://shop.internal or unix:/run/shop.sock")
]
Weight = Annotated[float, Meta(gt=0, le=1_000_000, description="a weight above 0")]
Priority = Annotated[int, Meta(ge=0, le=127, description="a whole number from 0 to 127")]
Connections = Annotated[int, Meta(ge=1, le=100_000, description="a whole number of connections, 1 or more")]
File = Annotated[str, Meta(min_length=1, description="the path of a file")]
Place = Annotated[str, Meta(max_length=63, description="a name of 63 characters at most")]


class EndpointSection(Model, frozen=True):
    """One place at which an upstream is reached.

    Attributes:
        url: where it is: scheme, host and port, or `unix:` and the path of a socket. It has no path: what a request
            asks for is passed on as it is.
        region: that it runs in.
        zone: of the region that it runs in.
        weight: its share of the requests beside the other endpoints.
        priority: of its level. Those above 0 get requests as the levels before them fail.
        drain: true gives it no new requests, and lets those in flight end.
        spare: true gives it requests only where `rolling` has started it, while others are replaced.
    """

    url: Url
    region: Place = ""
    zone: Place = ""
    weight: Weight = 1
    priority: Priority = 0
    drain: bool = False
    spare: bool = False


class TimeoutsSection(Model, frozen=True):
    """How long an upstream may take.

    Attributes:
        connect: for a connection, TLS included.
        read: of silence, while a response is waited for and between two pieces of it.
        total: for a request, from its first byte to the last of its response; not for WebSockets. Default: no limit.
    """

    connect: Duration = "5s"
    read: Duration = "60s"
    total: Duration | None = None


class PoolSection(Model, frozen=True):
    """The connections that each worker keeps to each endpoint.

    Attributes:
        connections: at once, those of WebSockets included.
        wait: how long a request waits for one of them to become free, before it is answered with 503.
        keep_alive: how long one may be idle. It has to be less than what the upstream's server allows: a request
            that is sent while that hangs up is lost.
    """

    connections: Connections = 100
    wait: Duration = "1s"
    keep_alive: Duration = "4s"


class UpstreamTLSSection(Model, frozen=True):
    """How an upstream proves who it is, and we to it. Paths are relative to the definitions.

    Attributes:
        verify: false takes any certificate. Anybody in between can read and change everything then.
        authorities: a file of CA certificates. Default: those of the system.
        certificate: ours, with its chain.
        key: of our certificate. Default: it is in the same file.
        server_name: what the upstream's certificate has to name, and what SNI asks for. Default: the host in `url`.
    """

    verify: bool = True
    authorities: File | None = None
    certificate: File | None = None
    key: File | None = None
    server_name: Text | None = None


class UpstreamSection(Model, frozen=True):
    """A service in another process or on another host.

    Attributes:
        endpoints: where it runs; several share its requests.
        transport: what speaks HTTP to it on the ASGI side: `http1` is ours, `aiohttp` goes through aiohttp's client.
            The WSGI side has one transport of its own.
        timeouts: how long it may take.
        pool: the connections that are kept to it.
        tls: for endpoints whose URL is https, and for sockets that speak TLS.
        balancer: how endpoints take turns: the one of two at random that has less to do, each in its turn, or always
            the same one for the same targeting key.
        priorities: which endpoints come first.
        health_check: how endpoints are checked. Default: by the requests that go there, and one that refuses
            connections until it takes one.
        outlier_detection: when endpoints that fail are ejected; `off` for never.
        slow_start: for endpoints that have become well again. Default: they get their whole share at once.
        retries: which requests are sent again.
        limits: how much is asked at once.
        mirror: where copies of requests go. Default: nowhere.
        rolling: how its endpoints are replaced, a few at a time. Default: not by reliakit.
        recovery: how its regions stand in for each other. Default: all of them serve, and spill over.
    """

    endpoints: Annotated[
        tuple[
            Annotated[EndpointSection, Meta(description="an endpoint such as {url: http://10.0.1.5:8000}")],
            ...,
        ],
        Meta(min_length=1, description="a list of endpoints such as [{url: http://10.0.1.5:8000}]"),
    ]
    transport: Literal["http1", "aiohttp"] = "http1"
    timeouts: TimeoutsSection = TimeoutsSection()
    pool: PoolSection = PoolSection()
    tls: UpstreamTLSSection | None = None
    balancer: Literal["least_request", "round_robin", "ring_hash"] = "least_request"
    priorities: PrioritiesSection = PrioritiesSection()
    health_check: HealthCheckSection | None = None
    outlier_detection: Literal["off"] | OutlierSection = OutlierSection()
    slow_start: SlowStartSection | None = None
    retries: RetriesSection = RetriesSection()
    limits: LimitsSection = LimitsSection()
    mirror: MirrorSection | None = None
    rolling: RollingSection | None = None
    recovery: RecoverySection | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """The locality of each endpoint, as counts are told apart by it; empty where nobody has said any."""
        named = (f"{each.region}/{each.zone}" if each.region or each.zone else "" for each in self.endpoints)
        return tuple(each.replace("|", "_") for each in named)


class NodeSection(Model, frozen=True):
    """Where this process runs: endpoints nearby are preferred. It is usually read from the environment.

    Attributes:
        region: such as eu.
        zone: of the region.
    """

    region: Place = ""
    zone: Place = ""
