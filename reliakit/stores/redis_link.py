"""The link of one process and one event loop to a Redis server."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reliakit.stores.protocol import StoreError
from reliakit.stores.redis_connections import Connector, NotDone
from reliakit.stores.redis_errors import explained
from reliakit.stores.redis_scripts import Script

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

__all__ = ["Link", "delays"]

_RETRIES = 4
_IDLE = 10.0
"""Seconds of silence after which a server that pushes is asked whether it is still there."""


def delays(first: float, last: float) -> Iterator[float]:
    """Yields how long to wait before each try: longer each time, and by chance, so that workers don't come at once."""
    while True:
        yield random.uniform(first / 2, first)  # noqa: S311
        first = min(first * 2, last)


class Link:
    """One connection for calls, which take turns, and one for each who listens.

    Args:
        connector: opens connections.
        name: names the store to people.
        timeout: seconds that a call may take, waiting for its turn and connecting included.
    """

    def __init__(self, connector: Connector, name: str, timeout: float) -> None:
        self._connector, self._name, self._timeout = connector, name, timeout
        self._turn = asyncio.Lock()
        self._calling: AbstractConnection | None = None
        self._open: set[AbstractConnection] = set()

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Runs a script and returns its answer. It is sent again only where it was not run.

        Raises:
            StoreError: the server can't be used.
        """
        tried: list[BaseException] = []
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                return await self._persist(script, keys, args, tried)
        except self._connector.failures as failed:
            # Where time ran out between two tries, the last of them knows more.
            reason = tried[-1] if tried and isinstance(failed, TimeoutError) else failed
            raise StoreError(explained(self._name, reason, self._timeout)) from failed

    async def pushed(self, channel: str) -> AsyncGenerator[None, None]:
        """Yields once when it listens, and then whenever something is published on the channel.

        Raises:
            StoreError: the server is not there, or no more.
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
            raise StoreError(explained(self._name, failed.reason, self._timeout)) from failed
        except self._connector.failures as failed:
            raise StoreError(explained(self._name, failed, self._timeout)) from failed
        finally:
            if connection is not None:
                await self._drop(connection)

    async def close(self) -> None:
        """Ends all connections; those who listen find theirs broken."""
        for connection in tuple(self._open):
            await self._drop(connection)

    async def _persist(
        self, script: Script, keys: Sequence[str], args: Sequence[Any], tried: list[BaseException]
    ) -> Any:
        waits = delays(0.05, self._timeout)
        while True:
            try:
                return await self._once(script, keys, args)
            except NotDone as failed:
                tried.append(failed.reason)
            if len(tried) > _RETRIES:
                raise tried[-1]
            await asyncio.sleep(next(waits))

    async def _once(self, script: Script, keys: Sequence[str], args: Sequence[Any]) -> Any:
        connection = self._calling
        if connection is not None and not await self._connector.alive(connection):
            await self._drop(connection)
            connection = None
        if connection is None:
            connection = self._calling = await self._opened()
        try:
            return await self._connector.evaluate(connection, script, keys, args)
        except BaseException:  # a cancelled call too: its answer would be taken for that of the next
            await self._drop(connection)
            raise

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
