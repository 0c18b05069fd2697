"""What lies between a client and a server: a wire that can be slow, or carry nonsense."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

__all__ = ["Mood", "Wire", "wire_to"]

Mood = Literal["through", "slow", "garbage"]
_GARBAGE = bytes(range(256)) * 4
_OURS = "of a wire"
"""The name of tasks that may be cancelled: asyncio's own, in the middle of accepting, would lose their sockets."""
_TURNS = 10
"""Of the loop, after which what is just being accepted has a writer."""
_PIECE, _PAUSE = 64, 0.002
"""Bytes that arrive at once over a slow wire, and the seconds between them."""


class Wire:
    """Listens on `port`, and passes everything on to a server on this machine, as the mood is.

    Args:
        target: the server's port.
        mood: of the beginning.

    Attributes:
        mood: as it is now; `become` changes it.
    """

    def __init__(self, target: int, mood: Mood = "through") -> None:
        self.port = 0
        self._target, self.mood = target, mood
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server = self._do(asyncio.start_server(self._client, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def become(self, mood: Mood) -> None:
        """Cuts what is connected; whoever connects again finds another wire."""
        self.mood = mood
        self._do(self._cut())

    def close(self) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _end(self) -> None:
        self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            for writer in tuple(self._writers):
                writer.transport.abort()
            ours = [task for task in asyncio.all_tasks() if task.get_name() == _OURS]
            for task in ours:
                task.cancel()
            await asyncio.gather(*ours, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        _own(asyncio.current_task())
        try:
            # Also what `_cut` does to it: asyncio would take that for a fault of its own.
            with suppress(OSError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mood == "garbage":
            await reader.read(4096)
            writer.write(_GARBAGE)
            await writer.drain()
        else:
            await self._join(reader, writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(forth)
        try:
            pumps = {asyncio.create_task(self._pump(*pair)) for pair in ((reader, forth), (back, writer))}
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._writers.discard(forth)
            forth.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        slow = self.mood == "slow"
        while block := await reader.read(_PIECE if slow else 65536):
            if slow:
                await asyncio.sleep(_PAUSE)
            writer.write(block)
            await writer.drain()


def _own(task: "asyncio.Task[Any] | None") -> None:
    assert task is not None
    task.set_name(_OURS)


@contextmanager
def wire_to(target: int, mood: Mood = "through") -> Iterator[Wire]:
    wire = Wire(target, mood)
    try:
        yield wire
    finally:
        wire.close()
