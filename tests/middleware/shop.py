"""A shop with a stable and a canary version, and a driver for bare ASGI applications."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from reliakit import Reliakit

KEY = "0123456789abcdef0123456789abcdef"

SHOP: dict[str, Any] = {
    "identity": {
        "targeting_key": ["identified", "header", "anonymous_cookie"],
        "header": "X-User-Id",
        "trusted_proxies": ["10.0.0.0/8"],
        "cookie": {"keys": [KEY]},
    },
    "overrides": {"keys": [KEY]},
    "flags": {"half": {"percentage": 50}, "banner": {"variants": {"plain": "#444", "loud": "#f60"}}},
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

Messages = list[dict[str, Any]]
App = Callable[..., Awaitable[None]]


def outcomes(kit: Reliakit) -> dict[tuple[str, ...], dict[str, int]]:
    """Returns what was recorded: (rollout, slot, assignment) -> outcome -> count, without zeros."""
    rows: Any = kit._runtime.tallies.rows().items()
    found = {
        tuple(map(str, name[:3])): {outcome.name: count for outcome, count in row.outcomes().items() if count}
        for name, row in rows
    }
    return {name: row for name, row in found.items() if row}


def http(
    path: str = "/shop/1", headers: Iterable[tuple[bytes, bytes]] = (), peer: str = "203.0.113.9"
) -> dict[str, Any]:
    """Returns the ASGI scope of a request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": list(headers),
        "client": (peer, 50000),
        "server": ("shop.test", 80),
    }


async def ask(app: App, connection: dict[str, Any], events: Iterable[dict[str, Any]] = ()) -> Messages:
    """Sends one request to a bare ASGI application and returns what it sent back.

    After `events`, `receive` waits for ever, as a server does while the client stays.
    """
    pending = [*(events or [{"type": "http.request", "body": b"", "more_body": False}])]
    sent: Messages = []

    async def receive() -> dict[str, Any]:
        if pending:
            return pending.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(connection, receive, send)
    return sent


def answering(name: str, status: int = 200) -> App:
    """Returns an application that answers with its name."""

    async def app(connection: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"x-version", name.encode())]}
        )
        await send({"type": "http.response.body", "body": name.encode()})

    return app


def header(messages: Messages, name: bytes) -> bytes | None:
    """Returns a header of the response."""
    return dict(messages[0]["headers"]).get(name)
