"""Every transport keeps what the protocol promises."""

from typing import Any

from reliakit.testing.upstream_apps import AppHop
from reliakit.testing.upstream_clients import OnPiece, Reply, Request, ask_wsgi
from reliakit.testing.upstreams import MessageContract, TransportContract
from reliakit.upstreams.address import address_of
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.opening import open_transport, open_wsgi_transport
from reliakit.upstreams.settings import Settings


class TestInProcess(MessageContract):
    def make_hop(self, settings: Settings, forwarding: Forwarding) -> Any:
        return AppHop()


class TestHTTP1(TransportContract):
    """The default, and so without anything that it lacks."""

    def make_transport(self, url: str, settings: Settings, forwarding: Forwarding) -> Any:
        return open_transport(address_of(url), settings, forwarding)


class TestAiohttp(TransportContract):
    lacks = frozenset({"latin-1", "interim", "trailers", "continue", "strict", "single", "peeking"})

    def make_transport(self, url: str, settings: Settings, forwarding: Forwarding) -> Any:
        return open_transport(address_of(url), settings, forwarding, "aiohttp")


class TestUrllib3(TransportContract):
    lacks = frozenset(
        {"order", "early", "interim", "trailers", "continue", "strict", "total", "expiry", "cancellation"}
    )

    def make_transport(self, url: str, settings: Settings, forwarding: Forwarding) -> Any:
        return open_wsgi_transport(address_of(url), settings, forwarding)

    async def ask(self, transport: Any, request: Request, on_piece: OnPiece | None) -> Reply:
        return await ask_wsgi(transport, request, on_piece)
