"""The link of one process and one event loop to a Redis server."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from reliakit.drivers.delays import delays
from reliakit.drivers.purpose import Purpose
from reliakit.drivers.redis_connections import Connector, NotDone, Script
from reliakit.drivers.redis_errors import explained
from reliakit.errors import ReliakitError

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

    _Work = Callable[[AbstractConnection], Awaitable[Any]]

__all__ = ["Link"]

_RETRIES = 4
_IDLE = 10.0
"""Seconds of silence after which a server that pushes is asked whether it is still there."""


class Link:
    """One connection for calls, which take turns, and one for each who listens.

    Args:
        connector: opens connections.
        name: names the server to people.
        timeout: seconds that a call may take, waiting for its turn and connecting included.
        purpose: whom it is for.
    """

    def __init__(self, connector: Connector, name: str, timeout: float, purpose: Purpose) -> None:
        self._connector, self._name, self._timeout, self._purpose = connector, name, timeout, purpose
        self._turn = asyncio.Lock()
        self._calling: AbstractConnection | None = None
        self._open: set[AbstractConnection] = set()

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Runs a script and returns its answer. It is sent again only where it was not run.

        Raises:
            ReliakitError: the failure of its purpose: the server can't be used.
        """
        return await self._bounded(
            lambda connection: self._connector.evaluate(connection, script, keys, args)
        )

    async def fetch(self, *command: Any) -> Any:
        """Sends a command and returns its answer; texts are bytes in it. For commands that change nothing.

        Raises:
            ReliakitError: as for `run`.
        """
        return await self._bounded(lambda connection: self._connector.fetch(connection, *command))

    async def _bounded(self, work: "_Work") -> Any:
        tried: list[BaseException] = []
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                return await self._persist(work, tried)
        except self._connector.failures as failed:
            # Where time ran out between two tries, the last of them knows more.
            reason = tried[-1] if tried and isinstance(failed, TimeoutError) else failed
            raise self._failure(reason) from failed

    async def pushed(self, channel: str) -> AsyncGenerator[None, None]:
        """Yields once when it listens, and then whenever something is published on the channel.

        Raises:
            ReliakitError: the failure of its purpose: the server is not there, or no more.
        """
        connection: AbstractConnection | None = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._opened()
                await connection.send_command("SUBSCRIBE", channel)
                await connection.read_response()
            yield
            silent = False
            while True:
                heard = await connection.read_response(timeout=self._timeout if silent else _IDLE)
                if heard is None:
                    if silent:
                        raise TimeoutError
                    async with asyncio.timeout(self._timeout):
                        await connection.send_command("PING")
                silent = heard is None
                if heard and heard[0] == "message":
                    yield
        except NotDone as failed:
            raise self._failure(failed.reason) from failed
        except self._connector.failures as failed:
            raise self._failure(failed) from failed
        finally:
            if connection is not None:
                await self._drop(connection)

    async def close(self) -> None:
        """Ends all connections; those who listen find theirs broken."""
        for connection in tuple(self._open):
            await self._drop(connection)

    async def _persist(self, work: "_Work", tried: list[BaseException]) -> Any:
        waits = delays(0.05, self._timeout)
        while True:
            try:
                return await self._once(work)
            except NotDone as failed:
                tried.append(failed.reason)
            if len(tried) > _RETRIES:
                raise tried[-1]
            await asyncio.sleep(next(waits))

    async def _once(self, work: "_Work") -> Any:
        connection = self._calling
        if connection is not None and not await self._connector.alive(connection):
            await self._drop(connection)
            connection = None
        if connection is None:
            connection = self._calling = await self._opened()
        try:
            return await work(connection)
        except BaseException:  # a cancelled call too: its answer would be taken for that of the next
            await self._drop(connection)
            raise

    def _failure(self, reason: BaseException) -> ReliakitError:
        told = explained(self._name, reason, self._timeout, self._purpose.privileges)
        return self._purpose.failure(told)

    async def _opened(self) -> "AbstractConnection":
        connection = await self._connector.open()
        self._open.add(connection)
        return connection

    async def _drop(self, connection: "AbstractConnection") -> None:
        self._open.discard(connection)
        if connection is self._calling:
            self._calling = None
        # Not waited for: a server that does not answer would keep it.
        await connection.disconnect(nowait=True)
