"""The last act: the same bad version once more, now as another process behind the gateway."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from reliakit.cli.demo.behind import VERSION
from reliakit.cli.demo.orphans import DEMO
from reliakit.cli.demo.promises import Promise
from reliakit.cli.demo.server import environment, free_port
from reliakit.cli.demo.shop import BAD, OLD
from reliakit.cli.printing import tell
from reliakit.rollouts.phases import Phase

__all__ = ["play_gateway"]

_FILE = """\
format: 1
listen: {{port: {port}, admin: "127.0.0.1:{admin}", workers: 2, drain: 1s}}
upstreams:
  shop-blue: {{endpoints: [{{url: "http://127.0.0.1:{blue}"}}]}}
  shop-green: {{endpoints: [{{url: "http://127.0.0.1:{green}"}}]}}
rollouts:
  shop:
    slots: {{blue: {{upstream: shop-blue}}, green: {{upstream: shop-green}}}}
    initial: blue
    steps: [50]
    sticky: none
    release: {{to: green, version: "{bad}"}}
routes: [{{path_prefix: /, rollout: shop}}]
"""
_CLIENTS = 8
_UP_WITHIN, _CAUGHT_WITHIN = 30.0, 20.0
_TICK = 0.1


async def play_gateway(folder: Path) -> Promise:
    """Runs two versions as processes, and the gateway before them, until the bad one is rolled back.

    Args:
        folder: of the demo; nothing outside of it is touched.
    """
    tell(f"now {OLD} and {BAD} as two processes behind `reliakit serve`, which has two workers ...")
    async with AsyncExitStack() as stack:
        ports = {name: free_port() for name in ("port", "admin", "blue", "green")}
        place = folder / "gateway"
        place.mkdir()
        file = place / "reliakit.yaml"
        file.write_text(_FILE.format(**ports, bad=BAD))
        for slot, version in (("blue", OLD), ("green", BAD)):
            server = (
                "-m",
                "uvicorn",
                "--factory",
                "reliakit.cli.demo.behind:create",
                "--log-level",
                "critical",
            )
            await stack.enter_async_context(
                _running(place, *server, "--port", str(ports[slot]), **{VERSION: version})
            )
        await stack.enter_async_context(_running(place, "-m", "reliakit.cli.demo.front", str(file)))
        session = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(5)))
        return await _judged(session, ports)


async def _judged(session: ClientSession, ports: dict[str, int]) -> Promise:
    status = f"http://127.0.0.1:{ports['admin']}/-/status"
    if not await _until(session, status, _serves, _UP_WITHIN):
        return Promise(False, "behind the gateway nothing was judged: it did not start")
    seen: Counter[tuple[str, int]] = Counter()
    clients = [asyncio.create_task(_ask(session, ports["port"], seen)) for _ in range(_CLIENTS)]
    try:
        caught = await _until(session, status, _failed, _CAUGHT_WITHIN)
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    requests = sum(count for (version, _), count in seen.items() if version == BAD)
    end = "was caught and rolled back" if caught else "was not caught"
    return Promise(caught, f"behind the gateway {BAD} {end}, after {requests} requests to its process")


async def _ask(session: ClientSession, port: int, seen: Counter[tuple[str, int]]) -> None:
    while True:
        with suppress(ClientError, TimeoutError):
            async with session.get(f"http://127.0.0.1:{port}/shop") as response:
                seen[response.headers.get("x-version", ""), response.status] += 1
        await asyncio.sleep(_TICK / 4)


async def _until(session: ClientSession, url: str, holds: Any, within: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while True:
                with suppress(ClientError, ValueError, KeyError):
                    async with session.get(url) as response:
                        if holds(await response.json()):
                            return True
                await asyncio.sleep(_TICK)
    return False


def _serves(status: dict[str, Any]) -> bool:
    workers = status["gateway"]["workers"]
    return len(workers) == 2 and all(each["serves"] for each in workers)


def _failed(status: dict[str, Any]) -> bool:
    return bool(status["rollouts"]["shop"]["phase"] == Phase.FAILED)


@asynccontextmanager
async def _running(folder: Path, *arguments: str, **environ: str) -> AsyncIterator[Process]:
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
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 8.0)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
