"""The connections to one endpoint: so many at once, the freshest first, and those that rest too long hang up."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context

from reliakit.upstreams.errors import PoolFull
from reliakit.upstreams.http1.connection import Connection
from reliakit.upstreams.settings import Settings

__all__ = ["Pool"]


class Pool:
    """Hands out connections.

    Args:
        dial: makes one.
        settings: how many, and for how long.
        loop: that all of them run on.
    """

    def __init__(
        self, dial: Callable[[], Awaitable[Connection]], settings: Settings, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._dial, self._settings, self._loop = dial, settings, loop
        self._idle: deque[Connection] = deque()
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._open = 0
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def counts(self) -> tuple[int, int]:
        """Connections that are open, and those of them that are idle."""
        return self._open, len(self._idle)

    def rested(self, *, careful: bool) -> Connection | None:
        """Returns an idle connection, the one that was used last.

        Args:
            careful: whether to look at its socket first, since the request can't be sent twice.
        """
        now, longest = self._loop.time(), self._settings.keep_alive
        while self._idle:
            connection = self._idle.pop()
            stale = connection.closed or connection.rested(now) > longest
            if not stale and not (careful and connection.readable()):
                return connection
            self._drop(connection)
        return None

    async def fresh(self) -> Connection:
        """Returns a connection: a new one, or one that others have just finished with.

        Raises:
            ConnectFailed: there is none to be had.
            ConnectTimeout: it took too long.
            PoolFull: all are busy, and stayed so.
        """
        if self._open >= self._settings.connections:
            handed = await self._handed()
            if handed is not None:
                return handed
        else:
            self._open += 1
        try:
            return await self._dial()
        except BaseException:
            self._give_up_place()
            raise

    def release(self, connection: Connection) -> None:
        """Takes a connection back."""
        if self._closed or not connection.reusable:
            self._drop(connection)
            return
        connection.rest()
        if not self._hand_over(connection):
            self._idle.append(connection)
            if self._timer is None:
                self._later()

    def close(self) -> None:
        """Hangs up those that are idle, and those that are busy when they come back."""
        self._closed = True
        while self._idle:
            self._drop(self._idle.pop())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _handed(self) -> Connection | None:
        """Waits for a connection, or (None) for the place of one."""
        waiting: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(self._settings.wait):
                return await waiting
        except TimeoutError:
            self._unwanted(waiting)
            raise PoolFull(
                f"all {self._settings.connections} connections stayed busy for {self._settings.wait:g} s"
            ) from None
        except BaseException:
            self._unwanted(waiting)
            raise

    def _unwanted(self, waiting: "asyncio.Future[Connection | None]") -> None:
        """Passes on what came in the moment in which its waiter gave up."""
        if not waiting.done() or waiting.cancelled():
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            return
        connection = waiting.result()
        if connection is None:
            self._give_up_place()
        else:
            self.release(connection)

    def _hand_over(self, connection: Connection | None) -> bool:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(connection)
                return True
        return False

    def _drop(self, connection: Connection) -> None:
        connection.abort()
        self._give_up_place()

    def _give_up_place(self) -> None:
        if not self._hand_over(None):
            self._open -= 1

    def _later(self) -> None:
        # In a context of its own: a timer must not keep that of a request alive.
        self._timer = self._loop.call_later(self._settings.keep_alive / 2, self._reap, context=Context())

    def _reap(self) -> None:
        """Hangs up those that have rested for too long; they are at the left."""
        self._timer = None
        now, longest = self._loop.time(), self._settings.keep_alive
        while self._idle and (self._idle[0].closed or self._idle[0].rested(now) > longest):
            self._drop(self._idle.popleft())
        if self._idle:
            self._later()
