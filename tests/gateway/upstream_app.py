"""What stands behind the gateway in its tests: an ASGI application that tells what it was asked, and by whom.

UPSTREAM_SLOT is its name, UPSTREAM_ERRORS the share of its answers that are 500.
"""

import asyncio
import json
import os
import random
from typing import Any

_SLOT = os.environ.get("UPSTREAM_SLOT", "blue")
_ERRORS = float(os.environ.get("UPSTREAM_ERRORS", "0"))
_PIECE = b"x" * 65_536
_held = asyncio.Event()


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _echo(receive, send)
    elif scope["type"] == "http":
        await _PATHS.get(scope["path"], _told)(scope, receive, send)
    else:
        raise NotImplementedError


async def _told(scope: Any, receive: Any, send: Any) -> None:
    size = await _read(receive)
    status = 500 if random.random() < _ERRORS else 200
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    told = {
        "slot": _SLOT,
        "pid": os.getpid(),
        "target": target.decode("latin-1"),
        "headers": headers,
        "size": size,
    }
    await _answer(send, status, json.dumps(told).encode())


async def _large(scope: Any, receive: Any, send: Any) -> None:
    """Sends so many bytes."""
    left = int(scope["query_string"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % left)]})
    while left:
        piece = _PIECE[: min(left, len(_PIECE))]
        left -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})


async def _events(scope: Any, receive: Any, send: Any) -> None:
    """Sends one event, and the next one when somebody has asked for /release."""
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"data: first\n\n", "more_body": True})
    await _held.wait()
    _held.clear()
    await send({"type": "http.response.body", "body": b"data: second\n\n"})


async def _release(scope: Any, receive: Any, send: Any) -> None:
    _held.set()
    await _answer(send, 200, b"{}")


async def _never(scope: Any, receive: Any, send: Any) -> None:
    """Answers when its client has left."""
    while (await receive())["type"] == "http.request":
        pass


async def _cut(scope: Any, receive: Any, send: Any) -> None:
    """Hangs up in the middle of an answer."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise RuntimeError("cut")


async def _echo(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "chat"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "bye":
            await send({"type": "websocket.close", "code": 4321, "reason": "so long"})
            return
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})


async def _read(receive: Any) -> int:
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    return size


async def _answer(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


_PATHS = {"/large": _large, "/events": _events, "/release": _release, "/never": _never, "/cut": _cut}
