"""One ASGI application, bare and behind reliakit; whatever a client can tell apart is a fault.

The last part of the path says what it does; anything else is answered with all that the application was told.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from reliakit import Reliakit
from tests.middleware.shop import KEY, outcomes

DEFINITIONS: dict[str, Any] = {
    "identity": {"cookie": {"keys": [KEY]}},
    "upstreams": {"shop-v2": "in_process"},
    "rollouts": {
        "shop": {
            "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "shop-v2"}},
            "initial": "blue",
            "weight": 50,
        }
    },
    "routes": [{"path_prefix": "/shop", "rollout": "shop"}],
}
MEGABYTE = b"m" * 1_000_000
MEGABYTES = 100

_gates: dict[str, asyncio.Event] = {}
_produced: dict[str, int] = {}
_under_way: set[int] = set()

Handler = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


async def _start(send: Any, status: int = 200, headers: Headers | None = None) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers or []})


async def _answer(send: Any, body: bytes, status: int = 200, headers: Headers | None = None) -> None:
    await _start(send, status, [*(headers or []), (b"content-length", str(len(body)).encode())])
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Any) -> list[bytes]:
    blocks, more = [], True
    while more:
        message = await receive()
        blocks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return blocks


async def echo(connection: Any, receive: Any, send: Any) -> None:
    told = {name: value for name, value in connection.items() if name not in ("client", "server", "app")}
    told["client"] = connection["client"][0]
    told["body"] = b"".join(await _body(receive))
    await _answer(send, repr(sorted(told.items())).encode(), headers=[(b"content-type", b"text/plain")])


async def empty(connection: Any, receive: Any, send: Any) -> None:
    await _start(send, 204, [(b"x-empty", b"")])
    await send({"type": "http.response.body"})


async def not_modified(connection: Any, receive: Any, send: Any) -> None:
    await _start(send, 304, [(b"etag", b'"a"'), (b"cache-control", b"max-age=60")])
    await send({"type": "http.response.body", "body": b""})


async def stream(connection: Any, receive: Any, send: Any) -> None:
    await _start(send)
    for block in (b"one", b"", b"two" * 10_000, b"three"):
        await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body"})


async def duplicates(connection: Any, receive: Any, send: Any) -> None:
    names = [(b"x-b", b"1"), (b"set-cookie", b"a=1"), (b"x-a", b"caf\xe9 \xff"), (b"x-b", b"2")]
    await _answer(send, b"ok", headers=[*names, (b"set-cookie", b"b=2; Path=/"), (b"X-Case", b"kept")])


async def raises(connection: Any, receive: Any, send: Any) -> None:
    raise LookupError("before")


async def raises_late(connection: Any, receive: Any, send: Any) -> None:
    await _start(send)
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise LookupError("after")


async def raises_short(connection: Any, receive: Any, send: Any) -> None:
    await _start(send, headers=[(b"content-length", b"10")])
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise LookupError("after")


async def silent(connection: Any, receive: Any, send: Any) -> None:
    """Answers nothing at all."""


async def fails(connection: Any, receive: Any, send: Any) -> None:
    await _answer(send, b"busy", 503, [(b"retry-after", b"1")])


async def events(connection: Any, receive: Any, send: Any) -> None:
    """Each event but the first waits until a request to /next asks for it."""
    name = connection["query_string"].decode()
    await _start(send, headers=[(b"content-type", b"text/event-stream")])
    for number in range(3):
        _gates[name] = gate = asyncio.Event()
        await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
        await gate.wait()
    await send({"type": "http.response.body"})


async def following(connection: Any, receive: Any, send: Any) -> None:
    _gates[connection["query_string"].decode()].set()
    await _answer(send, b"")


async def endless(connection: Any, receive: Any, send: Any) -> None:
    """Streams until the client is gone."""
    await _body(receive)
    gone = asyncio.ensure_future(receive())
    await _start(send)
    while not gone.done():
        await send({"type": "http.response.body", "body": b"more", "more_body": True})
        await asyncio.wait([gone], timeout=0.01)
    assert gone.result()["type"] == "http.disconnect"


async def flood(connection: Any, receive: Any, send: Any) -> None:
    name = connection["query_string"].decode()
    await _start(send, headers=[(b"content-length", b"%d" % (len(MEGABYTE) * MEGABYTES))])
    for number in range(MEGABYTES):
        _produced[name] = number
        await send({"type": "http.response.body", "body": MEGABYTE, "more_body": True})
    await send({"type": "http.response.body"})


async def produced(connection: Any, receive: Any, send: Any) -> None:
    await _answer(send, b"%d" % _produced[connection["query_string"].decode()])


async def drain(connection: Any, receive: Any, send: Any) -> None:
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message["body"])
        more = message.get("more_body", False)
    await _answer(send, b"%d" % length)


async def state(connection: Any, receive: Any, send: Any) -> None:
    """What is left of earlier requests. Not below /shop, so that asking changes no outcome."""
    counts: dict[str, int] = {}
    for row in outcomes(_routed).values():
        for outcome, count in row.items():
            counts[outcome] = counts.get(outcome, 0) + count
    told = {"pid": os.getpid(), "tasks": len(asyncio.all_tasks()), "outcomes": counts}
    told["under_way"] = len(_under_way - {id(connection)})
    await _answer(send, json.dumps(told).encode())


HANDLERS: dict[str, Handler] = {
    "empty": empty,
    "not-modified": not_modified,
    "stream": stream,
    "duplicates": duplicates,
    "raises": raises,
    "raises-late": raises_late,
    "raises-short": raises_short,
    "silent": silent,
    "fails": fails,
    "events": events,
    "next": following,
    "endless": endless,
    "flood": flood,
    "produced": produced,
    "drain": drain,
    "state": state,
    "shop": state,
}


async def talk(connection: Any, receive: Any, send: Any) -> None:
    """Takes the last subprotocol that is offered, and does with each message what it says."""
    assert (await receive())["type"] == "websocket.connect"
    if connection["path"].endswith("/refused"):
        await send({"type": "websocket.close", "code": 4003, "reason": "no"})
        return
    if connection["path"].endswith("/denied"):
        await send({"type": "websocket.http.response.start", "status": 451, "headers": [(b"x-why", b"law")]})
        await send({"type": "websocket.http.response.body", "body": b"denied"})
        return
    offered = connection["subprotocols"]
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": offered[-1] if offered else None,
            "headers": [(b"x-b", b"1"), (b"x-b", b"2")],
        }
    )
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        if text == "close":
            await send({"type": "websocket.close", "code": 4001, "reason": "as you wish"})
            return
        if text == "raise":
            raise LookupError(text)
        if text is None:
            await send({"type": "websocket.send", "bytes": message["bytes"][::-1]})
        else:
            await send({"type": "websocket.send", "text": text[::-1]})
    if connection["path"].endswith("/abrupt"):
        raise ConnectionError("as frameworks do whose handler waits for a message when the client leaves")


async def bare(connection: Any, receive: Any, send: Any) -> None:
    _under_way.add(id(connection))
    try:
        await _handled(connection, receive, send)
    finally:
        _under_way.discard(id(connection))


async def _handled(connection: Any, receive: Any, send: Any) -> None:
    if connection["type"] == "websocket":
        await talk(connection, receive, send)
    elif connection["type"] == "http":
        await HANDLERS.get(connection["path"].rpartition("/")[2], echo)(connection, receive, send)
    else:
        raise RuntimeError("no lifespan")


_unrouted, _routed = Reliakit({}), Reliakit(DEFINITIONS)
unrouted = _unrouted.asgi(bare)
routed = _routed.asgi(bare, upstreams={"shop-v2": bare})
