"""A connection to PostgreSQL for one process and one event loop: the only file that knows the driver."""

import asyncio
import os
import random
import select
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from psycopg import AsyncConnection, Error, waiting
from psycopg.conninfo import conninfo_to_dict

from reliakit.drivers.postgres_address import Address
from reliakit.drivers.postgres_errors import explained, passing
from reliakit.drivers.purpose import Purpose
from reliakit.errors import ReliakitError

__all__ = ["Link", "Row"]

Row = tuple[Any, ...]

_TRIES = 5
_HEARTBEAT = 30.0
_DEFAULTS = {
    "application_name": "reliakit",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""What the URL may say otherwise. Without keepalives a listener never learns that the other host has gone."""
_ISOLATION = {"options": "-c default_transaction_isolation=read\\ committed"}
"""Where a database is set to a stricter one, whoever waited for a row would be refused instead of going on."""


class Link:
    """One connection for calls, opened by the first and again after each failure, and those that listen.

    Args:
        address: where the database is.
        begin: prepares a new connection; asks by the method that it is given.
        purpose: whom it is for.
        prepared: whether statements stay prepared on the server.
    """

    def __init__(
        self,
        address: Address,
        begin: Callable[["Link"], Awaitable[None]],
        purpose: Purpose,
        *,
        prepared: bool = True,
    ) -> None:
        self._address, self._begin, self._purpose, self._prepared = address, begin, purpose, prepared
        self._turn = asyncio.Lock()
        self._connection: _Connection | None = None
        self._listening: set[_Connection] = set()

    async def ask(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Returns the rows that one statement, which is a transaction too, answers.

        Raises:
            ReliakitError: the failure of its purpose: it can't be asked now. The connection is given up; the next call opens another.
        """
        async with self._turn:
            try:
                return await self._asked(statement, parameters)
            except (Error, OSError, UnicodeError) as failed:
                self.discard()
                raise self._failure(failed) from failed
            except BaseException:  # cancelled, or out of time: an answer to this would meet the next question
                self.discard()
                raise

    async def listen(self, statement: str, within: float) -> AsyncGenerator[None, None]:
        """Yields when it has begun to listen, on a connection of its own, and after each notification.

        Raises:
            ReliakitError: the failure of its purpose: it could not begin, or the connection was lost.
        """
        try:
            async with asyncio.timeout(within):
                connection = await self._connect()
        except (Error, OSError) as failed:
            raise self._failure(failed) from failed
        self._listening.add(connection)
        try:
            async with asyncio.timeout(within):
                await connection.execute(statement.encode())
            yield
            while True:
                if [told async for told in connection.notifies(timeout=_HEARTBEAT, stop_after=1)]:
                    yield
                else:
                    async with asyncio.timeout(within):
                        await connection.execute(b"SELECT 1")
        except (Error, OSError) as failed:
            raise self._failure(failed) from failed
        finally:
            self._listening.discard(connection)
            await connection.close()

    async def close(self) -> None:
        """Ends all connections; whoever still listens is told that its own was lost."""
        async with self._turn:
            self.discard()
        for connection in self._listening:
            connection.hang_up()

    def discard(self) -> None:
        """Drops the connection for calls, without a word to the server, which may be the one that is silent."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    async def fetch(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Asks on the connection that is being prepared."""
        assert self._connection is not None
        cursor = await self._connection.execute(statement.encode(), parameters, binary=True)
        return await cursor.fetchall()

    async def run(self, script: str) -> None:
        """Runs several statements on the connection that is being prepared."""
        assert self._connection is not None
        await self._connection.execute(script.encode(), prepare=False)

    async def _asked(self, statement: str, parameters: Sequence[object]) -> list[Row]:
        for left in reversed(range(_TRIES)):
            await self._open()
            try:
                return await self.fetch(statement, parameters)
            except Error as failed:
                if not (left and passing(failed)):
                    raise
            await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311
        raise AssertionError  # the last try returns or raises

    async def _open(self) -> None:
        if self._connection is not None and not self._connection.ended:
            return
        self.discard()
        self._connection = await self._connect()
        await self._begin(self)

    async def _connect(self) -> "_Connection":
        # A pooler refuses options at the start; where isolation is strict behind one, calls are tried again.
        defaults = {**_DEFAULTS, **_ISOLATION} if self._prepared else _DEFAULTS
        return await _Connection.connect(
            **{**defaults, **self._parameters(), "client_encoding": "UTF8"},
            autocommit=True,
            prepare_threshold=0 if self._prepared else None,
        )

    def _parameters(self) -> dict[str, Any]:
        try:
            return conninfo_to_dict(self._address.url)
        except Error:  # whose text, and so that of a chain, may quote the password
            raise self._purpose.failure(
                f"{self._address.shown}: the URL has a part that PostgreSQL does not know; in a password, "
                "characters such as @ : / % have to be percent-encoded"
            ) from None

    def _failure(self, failed: Exception) -> ReliakitError:
        told = f"{self._address.shown}: {explained(failed, self._purpose.privileges)}"
        return self._purpose.failure(self._address.without_secrets(told))


class _Connection(AsyncConnection[Row]):
    """A connection that can be given up at once, and that a forked child drops in silence."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._process = os.getpid()
        super().__init__(*args, **kwargs)

    def __del__(self, *args: Any) -> None:
        # The driver's warns of what was not closed, which is up to the parent.
        if self._process == os.getpid():
            super().__del__(*args)

    @property
    def ended(self) -> bool:
        """Tells whether it can't be used: where nothing was asked, all that a server says is that it ends."""
        if self.closed:
            return True
        unread = select.poll()
        unread.register(self.pgconn.socket, select.POLLIN)
        return bool(unread.poll(0))

    def hang_up(self) -> None:
        """Ends the conversation under a task that waits for it, and which then finds it ended.

        Closing the socket itself would leave the event loop watching a number that another file may get.
        """
        if self.closed:
            return
        with (
            socket.socket(fileno=os.dup(self.pgconn.socket)) as same,
            suppress(OSError),
        ):  # the server was faster
            same.shutdown(socket.SHUT_RDWR)

    async def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        """Waits for the server. When it is cancelled, the driver's own would first wait for the server's consent to
        that, for up to ten seconds."""
        try:
            return await waiting.wait_async(gen, self.pgconn.socket, *args, **{"interval": 1.0, **kwargs})
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise
