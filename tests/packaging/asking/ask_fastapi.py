"""Asks the application of the page by ASGI alone: its extra brings no server, since people have one."""

import asyncio
from typing import Any

from shop import app  # type: ignore[import-not-found]


async def asked(path: str) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []
    connection = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": b"", "headers": [], "scheme": "http", "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(connection, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def main() -> None:
    status, body = await asked("/checkout")
    assert (status, body) in ((200, b'"one step"'), (200, b'"two steps"')), (status, body)
    status, body = await asked("/style")
    assert (status, body) in ((200, b'"#444"'), (200, b'"#f60"')), (status, body)
    assert (await asked("/beta"))[0] == 404


asyncio.run(main())
