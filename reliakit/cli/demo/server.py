"""The server: uvicorn with several workers, as a process of its own, on a free port of the loopback interface."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from reliakit.cli.demo.orphans import DEMO
from reliakit.cli.demo.shop import DEPLOYED, FILE, TOKEN
from reliakit.cli.printing import Failure, tell

__all__ = ["WORKERS", "deploy", "environment", "free_port", "log_of", "serving"]

WORKERS = 3
_START_WITHIN = 30.0
_STOP_WITHIN = 8.0
_TRIES = 3
_NOT_OURS = ("RELIAKIT_", "OTEL_", "UVICORN_")
"""Settings of the user's own applications, which would bend the demo."""


@asynccontextmanager
async def serving(folder: Path, flags: Path) -> AsyncIterator[str]:
    """Runs the shop, and yields its address; at the end no process of it is left.

    Raises:
        Failure: it does not start; the message holds the end of its log.
    """
    for attempt in range(1, _TRIES + 1):
        url = f"http://127.0.0.1:{free_port()}"
        process = await _start(url, folder, flags)
        try:
            if await _is_ready(process, url, folder):
                yield url
                return
        finally:
            await _stop(process)
        # Between finding a free port and taking it somebody else may have been quicker.
        if attempt == _TRIES:
            raise Failure(f"the demo's server does not start:\n{log_of(folder)}")
        tell(f"the server did not start, so it is started again; its log:\n{log_of(folder)}")


def free_port() -> int:
    """Returns a port of the loopback interface that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def _start(url: str, folder: Path, flags: Path) -> Process:
    port = url.rpartition(":")[2]
    options = ["--factory", "--workers", str(WORKERS), "--host", "127.0.0.1", "--port", port]
    quiet = ["--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "75"]
    ours = {
        FILE: str(flags),
        DEPLOYED: str(_deployed(folder)),
        TOKEN: folder.name,
        DEMO: str(os.getpid()),
    }
    with (folder / "server.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", "reliakit.cli.demo.shop:create", *options, *quiet),
            cwd=folder,
            env=environment(folder) | ours,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that Ctrl-C reaches only us, and we stop it in order
        )


def environment(folder: Path) -> dict[str, str]:
    """Returns the environment of what the demo starts."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith(_NOT_OURS)}
    return environ | {"RELIAKIT_STATE_DIR": str(folder / "state")}


def deploy(folder: Path, version: str) -> None:
    """Puts a version into the green slot of all workers."""
    temporary = _deployed(folder).with_suffix(".new")
    temporary.write_text(version)
    os.replace(temporary, _deployed(folder))


def _deployed(folder: Path) -> Path:
    return folder / "green"


async def _is_ready(process: Process, url: str, folder: Path) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_WITHIN), ClientSession(timeout=ClientTimeout(2)) as session:
            while process.returncode is None:
                with suppress(ClientError, ValueError, KeyError):
                    async with session.get(f"{url}/status") as response:
                        return bool((await response.json())["token"] == folder.name)
                await asyncio.sleep(0.05)
    return False


async def _stop(process: Process) -> None:
    try:
        if process.returncode is None:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _STOP_WITHIN)
    finally:
        # The session's whole group: also what a server leaves that was killed, or a second Ctrl-C while we wait.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def log_of(folder: Path) -> str:
    """Returns the last lines that the server logged."""
    lines = (folder / "server.log").read_text("utf-8", "replace").splitlines()
    return "\n".join(lines[-15:]) or "its log is empty"
