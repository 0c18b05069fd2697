"""The client's side of a transport: asks by ASGI, or by WSGI, and keeps what it is told."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.upstreams.protocol import Headers, Message, Receive, Scope, Send, StartResponse

__all__ = ["OnPiece", "Reply", "Request", "ask_asgi", "ask_wsgi"]

ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]
WSGI = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
OnPiece = Callable[[bytes], bool]
"""Is told each piece of a body, and says whether the client stays."""


@dataclass(slots=True)
class Request:
    """What the client asks.

    Attributes:
        target: path and query.
        headers: after the host's.
        body: pieces; an iterator of them may block, and is then asked on a thread.
    """

    method: str = "GET"
    target: bytes = b"/"
    headers: Headers = field(default_factory=list)
    body: Iterable[bytes] = ()
    host: bytes = b"shop.test"
    client: tuple[str, int] | None = ("203.0.113.7", 5000)
    scheme: str = "http"
    version: str = "1.1"
    extensions: Mapping[str, Any] = field(default_factory=dict)

    def scope(self) -> Scope:
        path, _, query = self.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": self.version,
            "method": self.method,
            "scheme": self.scheme,
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
            "headers": [*([(b"host", self.host)] if self.host else []), *self.headers],
            "client": self.client,
            "server": ("127.0.0.1", 80),
            "extensions": dict(self.extensions),
        }


@dataclass(slots=True)
class Reply:
    """What the client was told.

    Attributes:
        complete: whether the response ended as it should.
        failed: what the transport raised.
        messages: those of ASGI.
    """

    status: int | None = None
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    complete: bool = False
    failed: BaseException | None = None
    messages: list[Message] = field(default_factory=list)

    def values(self, wanted: bytes) -> list[bytes]:
        return [value for name, value in self.headers if name == wanted]


async def ask_asgi(transport: ASGI, request: Request, on_piece: OnPiece | None = None) -> Reply:
    """Asks once; never raises what the transport does."""
    reply, gone = Reply(), asyncio.Event()
    pieces = _pieces(request.body)

    async def receive() -> Message:
        if not gone.is_set() and (piece := await anext(pieces, None)) is not None:
            return piece
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        reply.messages.append(message)
        if message["type"] == "http.response.start":
            reply.status, reply.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            body = message.get("body", b"")
            reply.body += body
            reply.complete = not message.get("more_body", False)
            if body and on_piece is not None and not await asyncio.to_thread(on_piece, body):
                gone.set()

    try:
        await transport(request.scope(), receive, send)
    except Exception as failed:
        reply.failed = failed
    return reply


async def _pieces(body: Iterable[bytes]) -> AsyncIterator[Message]:
    """Yields messages, the last of which says that it is the last."""
    if isinstance(body, Iterator):
        while (piece := await asyncio.to_thread(next, body, None)) is not None:
            yield {"type": "http.request", "body": piece, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}
        return
    kept = list(body) or [b""]
    for at, piece in enumerate(kept):
        yield {"type": "http.request", "body": piece, "more_body": at + 1 < len(kept)}


async def ask_wsgi(transport: WSGI, request: Request, on_piece: OnPiece | None = None) -> Reply:
    """Asks once, on a thread; never raises what the transport does."""
    return await asyncio.to_thread(_ask_wsgi, transport, request, on_piece)


def _ask_wsgi(transport: WSGI, request: Request, on_piece: OnPiece | None) -> Reply:
    reply = Reply()

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        reply.status = int(status[:3])
        reply.headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return lambda body: None

    try:
        body = transport(_environ(request), start_response)
        try:
            for piece in body:
                reply.body += piece
                if on_piece is not None and not on_piece(piece):
                    return reply
            reply.complete = True
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
    except Exception as failed:
        reply.failed = failed
    return reply


def _environ(request: Request) -> dict[str, Any]:
    path, _, query = request.target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": request.target.decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": request.client[0] if request.client else "",
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": _Input(iter(request.body)),
        "wsgi.input_terminated": True,
    }
    for name, value in [(b"host", request.host), *request.headers]:
        variable = name.decode("latin-1").upper().replace("-", "_")
        if variable not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            variable = f"HTTP_{variable}"
        earlier = f"{environ[variable]}," if variable in environ else ""
        environ[variable] = earlier + value.decode("latin-1")
    return environ


class _Input(io.RawIOBase):
    """A body whose pieces come when they come."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        size = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:size], self._rest[size:]
        return found
