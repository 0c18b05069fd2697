"""The least gateway: an upstream behind a server, with nothing in between but the transport."""

import os
from typing import Any

from reliakit.upstreams.address import address_of
from reliakit.upstreams.errors import Unanswered
from reliakit.upstreams.opening import open_transport
from reliakit.upstreams.settings import Settings

_transport = open_transport(address_of(os.environ["UPSTREAM"]), Settings(read=5.0))


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    try:
        await _transport(scope, receive, send)
    except Unanswered as failed:
        kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
        body = failed.reason.encode()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": f"{kind}.start", "status": failed.status, "headers": headers})
        await send({"type": f"{kind}.body", "body": body})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            await _transport.close()
            return
