"""One worker, as its supervisor sees it."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from typing import Any

from reliakit.cli.serve.channel import DRAIN
from reliakit.cli.serve.plan import Plan, encode

__all__ = ["Worker"]

_SILENT = 10.0
"""Seconds without a report after which a worker counts as stuck: it is then not ready, whatever it said last."""


class Worker:
    """A process that was started and has not ended yet.

    Attributes:
        up: set when it serves.
        said: its last report.
    """

    def __init__(self, process: Process, channel: socket.socket) -> None:
        self._process, self._channel = process, channel
        self._writer: asyncio.StreamWriter | None = None
        self.up = asyncio.Event()
        self.said: dict[str, Any] = {}
        self._heard = 0.0
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, plan: Plan, listener: socket.socket) -> "Worker":
        """Starts a worker that serves on a listening socket."""
        ours, theirs = socket.socketpair()
        with theirs:
            descriptors = listener.fileno(), theirs.fileno()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "reliakit.cli.serve.worker", encode(plan), *map(str, descriptors)),
                pass_fds=descriptors,
                stdin=asyncio.subprocess.DEVNULL,
            )
        return cls(process, ours)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def silent(self) -> float:
        """Seconds since it was heard of."""
        return asyncio.get_running_loop().time() - self._heard

    @property
    def serves(self) -> bool:
        """Whether it is up, and was heard of lately."""
        return self.up.is_set() and self.silent < _SILENT

    @property
    def ready(self) -> bool:
        """Whether it says that it can do its part."""
        return self.serves and bool(self.said.get("ready"))

    async def ended(self) -> int:
        """Waits for its end, and returns its exit code; what a signal has ended is negative."""
        code = await self._process.wait()
        self._listening.cancel()
        if self._writer is not None:
            self._writer.close()
        self._channel.close()
        return code

    def drain(self) -> None:
        """Asks it to take no new connections, and to end when the others have."""
        if self._writer is not None:
            self._writer.write(DRAIN)
        else:
            self.stop()

    def stop(self) -> None:
        """Asks it to end."""
        self._send(signal.SIGTERM)

    async def end(self, within: float) -> None:
        """Waits for its end, and enforces it after so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._process.wait()
        except TimeoutError:
            self._send(signal.SIGKILL)
            await self._process.wait()

    def _send(self, number: int) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _listen(self) -> None:
        self._channel.setblocking(False)
        reader, self._writer = await asyncio.open_unix_connection(sock=self._channel)
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                self.said = json.loads(line)
                self._heard = asyncio.get_running_loop().time()
                self.up.set()
