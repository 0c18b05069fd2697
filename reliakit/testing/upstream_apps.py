"""The upstream as an application in this process: a transport as it is."""

import asyncio
import threading
from typing import Any

from reliakit.testing.upstream_clients import OnPiece, Reply, Request, ask_asgi
from reliakit.testing.upstream_ground import Answer
from reliakit.testing.upstream_server import Seen
from reliakit.upstreams.protocol import Receive, Scope, Send

__all__ = ["AppHop"]

_SECONDS = 10


class AppHop:
    """A client and an ASGI application, which a wrapper may stand between.

    Args:
        wrap: makes of the application what is asked.
    """

    def __init__(self, wrap: Any = None) -> None:
        self.seen: list[Seen] = []
        self.transport = wrap(self._app) if wrap is not None else self._app
        self.answers(Answer(pieces=[b"answer"]))

    def answers(self, *answers: Answer) -> None:
        """Says what the application does with the next requests; the last answer goes on for ever."""
        self._answers = list(answers)

    async def ask(self, request: Request | None = None, on_piece: OnPiece | None = None) -> Reply:
        """Asks the application."""
        return await ask_asgi(self.transport, request or Request(), on_piece)

    async def close(self) -> None:
        """There is nothing to close."""

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        body = await _body(receive) if answer.reads else b""
        self.seen.append(Seen(0, _head(scope), body))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        bodiless = answer.status in (204, 304) or scope["method"] == "HEAD"
        for piece in [_target(scope)] if answer.echo else answer.pieces:
            if isinstance(piece, threading.Event):
                assert await asyncio.to_thread(piece.wait, _SECONDS)
            elif not bodiless:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        if answer.endless:
            await _until_left(answer, receive, send)
        elif answer.cut:
            raise ConnectionError("cut")
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_left(answer: Answer, receive: Receive, send: Send) -> None:
    leaving = asyncio.ensure_future(receive())
    try:
        while not leaving.done():
            await send({"type": "http.response.body", "body": b"more", "more_body": True})
            await asyncio.sleep(0)
    finally:
        leaving.cancel()
        answer.left.set()


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _target(scope: Scope) -> bytes:
    path: bytes = scope["raw_path"]
    return path + b"?" + scope["query_string"] if scope["query_string"] else path


def _head(scope: Scope) -> bytes:
    line = b"%b %b HTTP/%b" % (scope["method"].encode(), _target(scope), scope["http_version"].encode())
    return b"".join([line, b"\r\n", *(b"%b: %b\r\n" % pair for pair in scope["headers"]), b"\r\n"])
