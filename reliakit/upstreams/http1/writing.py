"""The half of a connection that writes."""

import asyncio
import select
from contextvars import Context

__all__ = ["Writing"]

_FAREWELL = 5.0
"""Seconds in which an upstream has to read the last of what it is told."""


class Writing(asyncio.Protocol):
    """Writes, and waits where the upstream does not read.

    Attributes:
        closed: whether it is of no use any more.
        released: whether the upstream said `100 Continue`.
    """

    __slots__ = ("_held_back", "_loop", "_poll", "_room", "_transport", "closed", "released", "touched")

    _transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._held_back = b""
        self._room: asyncio.Future[None] | None = None
        self._poll: select.poll | None = None
        self.touched = loop.time()
        self.closed = self.released = False

    def hold(self, head: bytes) -> None:
        """Keeps the head of a request for a moment, so that it goes out together with the body's first bytes."""
        self._held_back, self.released = head, False

    def flush(self) -> None:
        """Writes what is held back."""
        if self._held_back:
            self.write(b"")

    def write(self, data: bytes) -> None:
        """Writes; what is held back goes first."""
        if self._held_back:
            data, self._held_back = self._held_back + data, b""
        if not self.closed:
            self._transport.write(data)

    async def drain(self) -> None:
        """Waits until the upstream has read enough for more to be written."""
        while self._room is not None and not self.closed:
            await self._room
            self.touched = self._loop.time()

    def readable(self) -> bool:
        """Tells whether something has come that the loop has not read yet, be it the end."""
        if self.closed:
            return False
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(self._poll.poll(0))

    def abort(self) -> None:
        """Hangs up at once."""
        if not self.closed:
            self.closed = True
            self._transport.abort()

    def close(self) -> None:
        """Hangs up when what was written is away, or can't be got rid of."""
        if not self.closed:
            self.closed = True
            self._transport.close()
            self._loop.call_later(_FAREWELL, self._transport.abort, context=Context())

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.resume_writing()

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)
