"""Every transport keeps what the protocol promises."""

from typing import Any

import pytest

from reliakit.testing.upstream_clients import OnPiece, Reply, Request, ask_wsgi
from reliakit.testing.upstream_messages import MessageContract
from reliakit.upstreams.address import address_of
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.opening import open_transport, open_wsgi_transport
from reliakit.upstreams.settings import Settings


class TestHTTP1(MessageContract):
    def make_transport(self, url: str, settings: Settings, forwarding: Forwarding) -> Any:
        return open_transport(address_of(url), settings, forwarding)


class TestAiohttp(MessageContract):
    lacks = frozenset({"latin-1"})

    def make_transport(self, url: str, settings: Settings, forwarding: Forwarding) -> Any:
        return open_transport(address_of(url), settings, forwarding, "aiohttp")


class TestUrllib3(MessageContract):
    lacks = frozenset({"order", "early", "cancellation"})

    def make_transport(self, url: str, settings: Settings, forwarding: Forwarding) -> Any:
        return open_wsgi_transport(address_of(url), settings, forwarding)

    async def ask(self, transport: Any, request: Request, on_piece: OnPiece | None) -> Reply:
        return await ask_wsgi(transport, request, on_piece)
