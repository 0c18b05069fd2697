"""Processes that an act brings along: the gateway, and what is behind it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession

from reliakit.cli.demo.behind import VERSION
from reliakit.cli.demo.orphans import DEMO
from reliakit.cli.demo.server import environment

__all__ = ["running", "running_version", "serves", "until"]

_TICK = 0.1
_ENDS_WITHIN = 8.0
_UVICORN = ("-m", "uvicorn", "--factory", "reliakit.cli.demo.behind:create", "--log-level", "critical")


@asynccontextmanager
async def running(folder: Path, *arguments: str, **environ: str) -> AsyncIterator[Process]:
    """Runs Python with these arguments until the block ends, or the demo does."""
    with (folder / "processes.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *arguments),
            cwd=folder,
            env=environment(folder) | {DEMO: str(os.getpid())} | environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for number in (signal.SIGCONT, signal.SIGTERM):
            with suppress(ProcessLookupError):
                process.send_signal(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _ENDS_WITHIN)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def running_version(folder: Path, port: int, version: str) -> Any:
    """Runs a version of the shop on a port until the block ends."""
    return running(folder, *_UVICORN, "--port", str(port), **{VERSION: version})


async def until(
    session: ClientSession, url: str, holds: Callable[[dict[str, Any]], bool], within: float
) -> dict[str, Any] | None:
    """Asks until what is answered is such, and returns it; None where that takes longer than so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while True:
                with suppress(ClientError, ValueError, KeyError):
                    async with session.get(url) as response:
                        found: dict[str, Any] = await response.json()
                        if holds(found):
                            return found
                await asyncio.sleep(_TICK)
    return None


def serves(status: dict[str, Any]) -> bool:
    """Whether both workers of the gateway serve."""
    workers = status["gateway"]["workers"]
    return len(workers) == 2 and all(each["serves"] for each in workers)
