"""What a worker and its supervisor say to each other: a line of JSON each time, over a pair of sockets.

A worker says once a second how it is, and at once when it is up. It hears `drain` or `stop`; where it hears that nobody
is there any more it stops too, so that no worker outlives its supervisor.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["DRAIN", "STOP", "Reporter", "Running"]

DRAIN, STOP = b"drain\n", b"stop\n"
_EVERY = 1.0


class Running(Protocol):
    """A server that runs in a worker."""

    def counts(self) -> dict[str, int]:
        """Returns what it is busy with."""

    def drain(self) -> None:
        """Has it take no new connections, end those that are idle, and end itself when the others have."""

    def stop(self) -> None:
        """Has it end: requests in flight may, idle connections are closed."""


class Reporter:
    """A worker's end.

    Args:
        channel: to the supervisor.
        state: tells whether the worker can do its part, and what else there is to know.
    """

    def __init__(self, channel: socket.socket, state: Callable[[], dict[str, Any]]) -> None:
        channel.setblocking(False)
        self._channel, self._state = channel, state

    async def report(self, server: Running) -> None:
        """Reports that the server is up, and how it is, until it is told to stop."""
        reader, writer = await asyncio.open_unix_connection(sock=self._channel)
        listening = asyncio.create_task(self._obey(reader, server))
        try:
            while not listening.done():
                state = {**self._state(), **server.counts()}
                writer.write(json.dumps(state).encode() + b"\n")
                await asyncio.wait({listening}, timeout=_EVERY)
        finally:
            listening.cancel()
            writer.close()

    async def _obey(self, reader: asyncio.StreamReader, server: Running) -> None:
        while True:
            try:
                told = await reader.readline()
            except OSError:
                told = b""
            if told != DRAIN:
                server.stop()
                return
            server.drain()
