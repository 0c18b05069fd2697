"""The way of a request's body: as it arrives, and only as fast as the upstream reads."""

import asyncio

from reliakit.upstreams.errors import BadRequest
from reliakit.upstreams.http1.connection import Connection
from reliakit.upstreams.outgoing import CHUNKED
from reliakit.upstreams.protocol import Receive

__all__ = ["Gone", "Upload"]


class Gone(Exception):
    """The client has left; nobody waits for an answer."""


class Upload:
    """Takes a body from `receive` and writes it to a connection.

    Args:
        connection: that holds the head of the request.
        receive: of ASGI.
        length: of the body in bytes, or CHUNKED.
        patience: seconds to wait for 100 Continue before the body goes out without; None where the client expects
            none.

    Attributes:
        consumed: whether something was taken from `receive`.
        whole: all of the body, if it came in one piece.
        complete: whether all of it is written.
        waiting: whether it is the client's turn now, not the upstream's.
    """

    __slots__ = (
        "_connection", "_left", "_length", "_patience", "_receive", "complete", "consumed", "waiting", "whole",
    )  # fmt: skip

    def __init__(self, connection: Connection, receive: Receive, length: int, patience: float | None) -> None:
        self._connection, self._receive = connection, receive
        self._length, self._patience = length, patience
        self._left = length
        self.consumed = self.complete = self.waiting = False
        self.whole: bytes | None = None

    async def run(self) -> None:
        """Sends the body. What goes wrong is the connection's failure, so that one place tells of it."""
        connection = self._connection
        try:
            if self._patience is None or await self._released(self._patience):
                await self._send()
        except Exception as failed:
            connection.fail(failed)
        finally:
            self.waiting = False

    def repeat(self, connection: Connection, body: bytes) -> None:
        """Sends a body once more that came whole, on another connection."""
        self._connection, self._left = connection, self._length
        connection.write(self._framed(body, last=True))
        connection.flush()

    async def _released(self, patience: float) -> bool:
        """Waits for 100 Continue, or for long enough; False where the answer came first."""
        connection = self._connection
        connection.flush()
        try:
            async with asyncio.timeout(patience):
                await connection.decided()
        except TimeoutError:
            pass
        return connection.head is None and connection.failed is None

    async def _send(self) -> None:
        connection = self._connection
        while not connection.closed and not self._pointless():
            first = not self.consumed
            body, more = await self._next()
            if not first and connection.readable():
                # The upstream may have answered, or hung up. Writing into that would lose what it said.
                await asyncio.sleep(0)
            connection.write(self._framed(body, last=not more))
            await connection.drain()
            if not more:
                self.complete = not connection.closed
                return

    def _pointless(self) -> bool:
        """Whether the upstream has answered, and wants no more of it."""
        head = self._connection.head
        return self._connection.complete or (
            head is not None and self._connection.ending and head.status >= 400
        )

    async def _next(self) -> tuple[bytes, bool]:
        self.waiting = True
        first, self.consumed = not self.consumed, True
        message = await self._receive()
        self.waiting = False
        self._connection.touched = asyncio.get_running_loop().time()
        if message["type"] != "http.request":
            raise Gone
        body, more = message.get("body", b""), message.get("more_body", False)
        if first and not more:
            self.whole = body
        return body, more

    def _framed(self, body: bytes, *, last: bool) -> bytes:
        if self._length == CHUNKED:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk + b"0\r\n\r\n" if last else chunk
        self._left -= len(body)
        if self._left < 0 or (last and self._left):
            # To go on would make the upstream take the next request for a part of this one.
            raise BadRequest("the body is not as long as its content-length", acted=True, consumed=True)
        return body
