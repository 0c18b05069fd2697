"""What uvicorn lets through and a gateway must not: limits of size and time, and requests that could be read in two ways.

httptools refuses most of the latter by itself: both lengths, two lengths, folded headers, bare line feeds. Those that
only say so in headers which are passed on (a coding other than chunked) the transports refuse.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from reliakit.middleware.protocol import Connection, Receive, Send
from reliakit.runtime.remotes.asgi import respond
from reliakit.runtime.remotes.problems import problem

__all__ = ["Limits", "protocol_of"]

_REASONS = {400: "bad_request", 408: "too_slow", 431: "headers_too_large"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one request's head.

    Attributes:
        header_bytes: of its line and headers.
        uri_bytes: of its target.
        seconds: that it may take to arrive.
    """

    header_bytes: int
    uri_bytes: int
    seconds: float = 30.0


def protocol_of(bounds: Limits) -> type[asyncio.Protocol]:
    """Returns the protocol with these limits."""

    class Protocol(_GuardedProtocol):
        limits = bounds

    return Protocol


class _GuardedProtocol(HttpToolsProtocol):
    limits: Limits

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head, self._head = True, 0
        self._refused: tuple[int, str] | None = None
        self._late: asyncio.TimerHandle | None = None
        self._first: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        # uvicorn tells the last request on a connection that nobody hears its answer, and not the one being answered.
        self.pipeline.clear()
        if self._first is not None:
            self._first.disconnected = True
            self._first.message_event.set()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head:
            # The parser keeps a header until it is complete, however long that takes and however large it gets.
            if self._head > self.limits.header_bytes:
                self._cut(431)
            elif self._late is None:
                self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._refused = True, None

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._late is not None:
            self._stop_waiting()
        app, self._refused = self.app, self._refusal()
        if self._refused is not None:
            self.app = _Refusal(*self._refused)
        try:
            super().on_headers_complete()
        except httptools.HttpParserInvalidURLError:
            self.send_400_response("")
        finally:
            self.app = app
            self._head = 0
        if not self.parser.should_upgrade():
            # Trailers come the same way; as headers they would be what nobody has checked.
            self.headers = []
        if getattr(self.server_state, "draining", False) and self._answering():
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head = True, 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._first = cycle
        super()._start_asgi_task(cycle, app)

    def _should_upgrade_to_ws(self) -> bool:
        return self._refused is None and super()._should_upgrade_to_ws()

    def _refusal(self) -> tuple[int, str] | None:
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1"):
            return 505, "version"
        if len(self.url) > self.limits.uri_bytes:
            return 414, "uri_too_long"
        # What has arrived so far is no smaller, unless this request came behind another one.
        if not 0 < self._head <= self.limits.header_bytes and self._size() > self.limits.header_bytes:
            return 431, "headers_too_large"
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or (not hosts and version == "1.1") or self._names_another(hosts):
            return 400, "bad_request"
        return None

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _names_another(self, hosts: list[bytes]) -> bool:
        """Whether the target is a whole URL of another host: upstreams differ in which of the two they believe."""
        if self.url[:1] in (b"/", b"*") or not hosts:
            return False
        named = self.url.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
        return named.lower() != hosts[0].lower()

    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        self._late = asyncio.get_running_loop().call_later(self.limits.seconds, self._cut, 408)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def send_400_response(self, msg: str) -> None:
        self._cut(400)

    def _cut(self, status: int) -> None:
        """Answers what is no request, unless an answer to another one would be taken for it; and hangs up."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if not self._answering() or not (self.pipeline or (cycle and cycle.response_started)):
            status, headers, body = problem(status, _REASONS[status])
            lines = b"".join(b"%b: %b\r\n" % pair for pair in [*headers, (b"connection", b"close")])
            self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + body)
        if cycle is not None:
            # Or the application could still answer.
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()


class _Refusal:
    def __init__(self, status: int, reason: str) -> None:
        self._status, self._reason = status, reason

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        status, headers, body = problem(self._status, self._reason)
        await respond((status, [*headers, (b"connection", b"close")], body), connection, send)
