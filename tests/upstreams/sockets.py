"""A WebSocket upstream of `websockets`, and the client's side of ASGI, in one loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from reliakit.testing.upstream_ground import PLAIN
from reliakit.upstreams.address import address_of
from reliakit.upstreams.opening import open_transport
from reliakit.upstreams.settings import Settings

Handler = Callable[[ServerConnection], Awaitable[None]]
SECONDS = 10


class Client:
    """Speaks ASGI as a server does for a client; `told` is what the transport has sent, `ahead` of the client by so much."""

    def __init__(self, ahead: int = 0, **scope: Any) -> None:
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "http_version": "1.1",
            "scheme": "ws",
            "path": "/chat",
            "raw_path": b"/chat%20room",
            "query_string": b"q=1",
            "client": ("203.0.113.7", 5000),
            "subprotocols": [],
            "headers": [
                (b"host", b"shop.test"),
                (b"upgrade", b"websocket"),
                (b"connection", b"Upgrade"),
                (b"sec-websocket-key", b"x3JJHMbDL1EzLkh9GBhXDw=="),
                (b"sec-websocket-version", b"13"),
                (b"sec-websocket-extensions", b"permessage-deflate"),
            ],
            **scope,
        }
        self.says: asyncio.Queue[Any] = asyncio.Queue()
        self.told: asyncio.Queue[Any] = asyncio.Queue(ahead)
        self.says.put_nowait({"type": "websocket.connect"})

    def say(self, **message: Any) -> None:
        self.says.put_nowait({"type": "websocket.receive", **message})

    def leave(self, code: int, reason: str = "") -> None:
        self.says.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    async def hears(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            return await self.told.get()


@asynccontextmanager
async def talking(handler: Handler, settings: Settings | None = None, **options: Any) -> AsyncIterator[Any]:
    """Runs an upstream, and gives what makes a client talk to it through the transport: a task for each."""
    client_options = options.pop("client", {})
    async with serve(handler, "127.0.0.1", 0, compression=None, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        transport = open_transport(address_of(f"http://127.0.0.1:{port}"), settings or Settings(), PLAIN)
        client = Client(**client_options)
        passing = asyncio.ensure_future(transport(client.scope, client.says.get, client.told.put))
        try:
            yield client, passing, transport
            await asyncio.wait([passing], timeout=SECONDS)
            assert passing.done(), "the transport has to end with its WebSocket"
        finally:
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)
            await transport.close()
