"""The transport: requests of ASGI over connections of our own."""

import asyncio
from contextvars import Context

from reliakit.upstreams.address import Address
from reliakit.upstreams.errors import Unanswered
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.http1.dialing import Dialer
from reliakit.upstreams.http1.exchange import Exchange
from reliakit.upstreams.http1.parser import httptools
from reliakit.upstreams.http1.pool import Pool
from reliakit.upstreams.http1.upload import Gone
from reliakit.upstreams.outgoing import UNSAID, Outgoing, outgoing
from reliakit.upstreams.protocol import Receive, Scope, Send
from reliakit.upstreams.settings import Settings
from reliakit.upstreams.settling import settle

__all__ = ["HTTP1Transport"]

_LOOK = 0.05
"""Seconds between two looks at what is under way. A request that is answered before costs no task that watches whether
its client leaves, and no timer."""


class HTTP1Transport:
    """Reaches one endpoint by HTTP/1.1 and WebSocket.

    Args:
        address: of the endpoint.
        settings: times and limits.
        forwarding: what it is told of the client.

    Raises:
        MissingExtraError: httptools is not installed.
        OSError: a certificate can't be read.
    """

    def __init__(self, address: Address, settings: Settings, forwarding: Forwarding) -> None:
        httptools()
        self._settings, self._forwarding = settings, forwarding
        self._dialer = Dialer(address, settings)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: Pool | None = None
        self._under_way: set[Exchange] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on; see `Transport`."""
        if scope["type"] == "websocket":
            from reliakit.upstreams.http1.websocket import WebSocket

            await WebSocket(scope, receive, send, self._settings, self._forwarding).run(self._pool_here())
            return
        request = outgoing(scope, self._forwarding)
        if request.length == UNSAID:
            await self._settled(scope, receive, send, request)
        else:
            await self._passed(Exchange(scope, receive, send, request, self._settings))

    async def close(self) -> None:
        """Closes idle connections at once, and others when their requests end."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    @property
    def connections(self) -> tuple[int, int]:
        """How many are open, and how many of those are idle."""
        return self._pool.counts if self._pool is not None else (0, 0)

    async def _settled(self, scope: Scope, receive: Receive, send: Send, request: Outgoing) -> None:
        """Passes on a request whose body only shows when it is asked for."""
        replayed = await settle(request, receive)
        if replayed is None:
            return
        try:
            await self._passed(Exchange(scope, replayed, send, request, self._settings))
        except Unanswered as failed:
            failed.consumed = True
            raise

    async def _passed(self, exchange: Exchange) -> None:
        if self._settings.total is None:
            await self._exchanged(exchange)
            return
        limit = asyncio.timeout(self._settings.total)
        try:
            async with limit:
                await self._exchanged(exchange)
        except TimeoutError as late:
            if not limit.expired():
                raise
            raise exchange.late(self._settings.total) from late

    async def _exchanged(self, exchange: Exchange) -> None:
        pool = self._pool_here()
        under_way = self._under_way
        under_way.add(exchange)
        if self._timer is None:
            self._later()
        try:
            await exchange.run(pool)
        except Gone:
            pass  # there is nobody to answer
        finally:
            under_way.discard(exchange)
            exchange.end(pool)

    def _pool_here(self) -> Pool:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._pool, self._timer = loop, None, None
            self._under_way = set()
        if self._pool is None:
            self._pool = Pool(self._dialer.dial, self._settings, loop)
        return self._pool

    def _later(self) -> None:
        assert self._loop is not None
        # In a context of its own: a timer must not keep that of a request alive.
        self._timer = self._loop.call_later(_LOOK, self._look, context=Context())

    def _look(self) -> None:
        """Looks at what is under way."""
        assert self._loop is not None
        self._timer = None
        now = self._loop.time()
        for exchange in tuple(self._under_way):
            exchange.look(now)
        if self._under_way:
            self._later()
