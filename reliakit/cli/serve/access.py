"""A line for each request, on standard output: for people, or as JSON."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from reliakit.middleware.protocol import ASGIApp, Connection, Message, Receive, Send

__all__ = ["AccessLog"]


class AccessLog:
    """Writes down what passes through an application, when it is over.

    Args:
        app: the application.
        form: `text`, which is the common log format and the seconds; or `json`.
    """

    def __init__(self, app: ASGIApp, form: Literal["text", "json"]) -> None:
        self._app, self._line = app, _json if form == "json" else _text

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await self._app(connection, receive, send)
            return
        begun, status, sent = time.monotonic(), 0, 0

        async def sending(message: Message) -> None:
            nonlocal status, sent
            kind = message["type"]
            if kind.endswith("response.start"):
                status = message["status"]
            elif kind.endswith("response.body"):
                sent += len(message.get("body", b""))
            elif kind == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self._app(connection, receive, sending)
        finally:
            sys.stdout.write(self._line(connection, status, sent, time.monotonic() - begun) + "\n")
            sys.stdout.flush()


def _facts(connection: Connection) -> dict[str, Any]:
    client, query = connection.get("client"), connection.get("query_string", b"")
    path = connection.get("raw_path", b"") + (b"?" + query if query else b"")
    return {
        "client": client[0] if client else "-",
        "method": connection.get("method", "GET"),
        "target": path.decode("latin-1"),
        "version": connection.get("http_version", "1.1"),
    }


def _text(connection: Connection, status: int, sent: int, seconds: float) -> str:
    facts = _facts(connection)
    moment = datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    # What ends a field, or a line, is written as it should have been sent.
    target = "".join(each if each.isprintable() and each != '"' else quote(each) for each in facts["target"])
    line = f"{facts['method']} {target} HTTP/{facts['version']}"
    return f'{facts["client"]} - - [{moment}] "{line}" {status or "-"} {sent} {seconds:.3f}'


def _json(connection: Connection, status: int, sent: int, seconds: float) -> str:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    rest = {"status": status or None, "bytes": sent, "seconds": round(seconds, 6)}
    return json.dumps({"time": moment, **_facts(connection), **rest})
