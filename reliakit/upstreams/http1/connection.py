"""One connection to an upstream: what has arrived of the response to the one request that is under way.

What can't be told apart from a response to somebody else ends the connection: bytes that nobody asked for, or more of
them than the response has.
"""

import asyncio
import sys
from typing import Any

from reliakit.upstreams.errors import BadResponse, ConnectionLost, Unanswered
from reliakit.upstreams.http1.parser import httptools
from reliakit.upstreams.http1.writing import Writing
from reliakit.upstreams.incoming import TO_THE_END, Incoming, incoming
from reliakit.upstreams.protocol import Headers

__all__ = ["Connection"]

_HIGH = 64 * 1024
"""Bytes that may wait to be taken: fewer than an event loop reads at once, so that large pieces come one at a time. Two
of them at once go through memory that the allocator takes from the system each time: three times the work in all."""
_END = b"\r\n\r\n"


class Connection(Writing):
    """Reads; `Writing` writes.

    Attributes:
        head: of the response, once it is there; interim responses are in `hints`.
        trailers: that came behind the body.
        complete: whether the response is whole.
        failed: why it will never be.
        unsent: whether it was closed already, so that not a byte of the request was written.
        uses: requests that it has served, the present one included.
        touched: the loop's time when the upstream last moved, or was last waited for.
    """

    __slots__ = (
        "_decision", "_ended", "_extra", "_held", "_is_head", "_largest", "_left", "_made", "_paused",
        "_persistent", "_pieces", "_quiet", "_received", "_since", "_upgrades", "_waiter", "complete",
        "failed", "head", "hints", "idle", "parser", "trailers", "unsent", "uses",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, largest: int) -> None:
        super().__init__(loop)
        self._made = httptools()
        self._largest = largest
        self.uses = 0
        self.idle = True
        self._since = loop.time()
        self._waiter: asyncio.Future[None] | None = None
        self._decision: asyncio.Event | None = None
        self._pieces: list[bytes] = []
        self.failed: Exception | None = None
        self._ended = self._paused = False
        self.parser: Any = None
        self._reset(is_head=False, upgrades=False)

    def _reset(self, *, is_head: bool, upgrades: bool) -> None:
        if self.parser is None:
            self.parser = self._made.HttpResponseParser(self)
        self._is_head, self._upgrades, self._decision = is_head, upgrades, None
        self.head: Incoming | None = None
        self._received: Headers = []
        self.hints: Headers = []
        self.trailers: Headers = []
        self._quiet = self._held = self._left = 0
        self.complete = self._extra = self._persistent = False

    def begin(self, head: bytes, *, is_head: bool, upgrades: bool = False) -> None:
        """Takes the head of the next request, to be written with what follows it, or by `flush`."""
        self._reset(is_head=is_head, upgrades=upgrades)
        self.uses += 1
        self.idle = False
        self.unsent = self.closed
        if self.closed:
            self.failed = ConnectionLost("it hung up")
        self.hold(head)

    @property
    def reusable(self) -> bool:
        """Whether another request may follow this one. Where its client left before it took all of the body, what is
        left would be taken for that of the next response.
        """
        whole = self.complete and not self._pieces and not self._extra
        return whole and self._persistent and not self.closed and self.failed is None

    @property
    def ending(self) -> bool:
        """Whether the upstream hangs up after this response."""
        return self.head is not None and not self._persistent

    def rest(self) -> None:
        """Becomes idle: whatever comes now was asked for by nobody."""
        self.idle, self._since = True, self._loop.time()
        self._resume()

    def rested(self, now: float) -> float:
        """Returns for how many seconds it has been idle."""
        return now - self._since

    @property
    def silent(self) -> bool:
        """Whether not a byte came in answer to the request."""
        return self.head is None and not self._quiet

    async def arrived(self) -> None:
        """Waits until there is more: of the response, or a failure."""
        self.touched = self._loop.time()
        self._waiter = waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for the upstream now."""
        return self._waiter is not None

    def take(self) -> bytes:
        """Returns what there is of the body."""
        pieces = self._pieces
        if not pieces:
            return b""
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._held = 0
        self._resume()
        return body

    def fail(self, why: Exception) -> None:
        """Ends the connection, and whatever waits for it."""
        if self.failed is None:
            self.failed = why
        self.abort()
        self.wake()

    async def decided(self) -> None:
        """Waits until the upstream wants the body (100 Continue), or has answered, or failed."""
        self._decision = self._decision or asyncio.Event()
        await self._decision.wait()

    def wake(self) -> None:
        """Lets those look again who wait."""
        waiter, decision = self._waiter, self._decision
        if decision is not None and (self.released or self.head is not None or self.failed is not None):
            decision.set()
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self.closed:
                self._transport.resume_reading()

    # What asyncio calls.

    def data_received(self, data: bytes) -> None:
        self.touched = self._loop.time()
        if self.idle or self.complete or self.failed is not None:
            self._extra = True
            self.abort()
            return
        if self._left:
            self._pass(data)
        else:
            self._feed(data)
        if self._held > _HIGH and not self._paused and not self.closed:
            self._paused = True
            self._transport.pause_reading()
        self.wake()

    def _pass(self, data: bytes) -> None:
        """Takes a piece of a body that has no framing in between, without the parser and its copy."""
        left = self._left
        if len(data) > left:
            self._extra, data = True, data[:left]
        self.on_body(data)
        self._left -= len(data)
        self.complete = not self._left

    def _bypass(self, head: Incoming) -> None:
        """Lets the rest of a body pass; the parser, which waits for it, is of no use then."""
        if head.length > 0:
            self._left = head.length - self._held
            self.parser = None
        elif head.length == TO_THE_END or head.status == 101:
            self._left = sys.maxsize
            self.parser = None

    def _feed(self, data: bytes) -> None:
        self._quiet += len(data)
        try:
            self.parser.feed_data(data)
        except self._made.HttpParserUpgrade as upgraded:
            if not self._upgrades:
                self.fail(BadResponse("it changed to a protocol that nobody asked for"))
            elif rest := data[upgraded.args[0] :]:
                self.on_body(rest)
        except self._made.HttpParserError as wrong:
            self._malformed(wrong)
        if self._is_head and self.head is not None:
            self.parser = None  # this one waits for the body that a HEAD does not get
            self._extra = self._extra or not data.endswith(_END)
        elif self.head is not None and not self.complete and self.failed is None:
            self._bypass(self.head)
        if self._quiet > self._largest and not self.complete and self.failed is None:
            self.fail(BadResponse(f"it sent more than {self._largest:,} bytes of headers"))

    def _malformed(self, wrong: Exception) -> None:
        if self.complete:
            self._extra = True
            return
        why = wrong.__context__
        self.fail(why if isinstance(why, Unanswered) else BadResponse(f"it does not speak HTTP/1.1: {wrong}"))

    def eof_received(self) -> None:
        self._ended = True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        head = self.head
        clean = exc is None and self._ended
        if clean and head is not None and not self.complete and self.failed is None:
            # A body without a length ends like this; so does one that was cut, which nobody can tell.
            self.complete = head.length == TO_THE_END
        if not self.complete and not self.idle and self.failed is None:
            self.failed = ConnectionLost(
                "it hung up before the end of its response" if head else "it hung up"
            )
        self.wake()

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._extra = self._extra or self.complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head is None:
            self._received.append((name.lower(), value.rstrip(b" \t")))
        elif not self.complete:
            self.trailers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        parser = self.parser
        status = parser.get_status_code()
        if status < 200 and status != 101:
            self._interim(status)
            return
        self.head = incoming(status, self._received, head=self._is_head, version=parser.get_http_version)
        self._quiet = 0
        self._persistent = parser.should_keep_alive() and self.head.length != TO_THE_END
        if self._is_head:
            # The parser believes that the response to a HEAD without a length ends with the connection.
            self._persistent = not self.head.closing and parser.get_http_version() == "1.1"
            self.complete = True
        if status == 101 and not self._upgrades:
            raise BadResponse("it changed to a protocol that nobody asked for")

    def _interim(self, status: int) -> None:
        if status < 100 or any(name == b"content-length" for name, _ in self._received):
            raise BadResponse(f"it answered with the status {status}")
        if status == 103:
            self.hints += self._received
        self._received = []
        self.released = self.released or status == 100

    def on_body(self, body: bytes) -> None:
        if self.complete:
            self._extra = True
            return
        self._quiet = 0
        self._held += len(body)
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        if self.head is not None and self.head.status != 101:
            self.complete = True
