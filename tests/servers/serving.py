"""Real servers as subprocesses on free loopback ports."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

UVICORN = ["-m", "uvicorn", "tests.servers.shop:asgi", "--log-level", "warning", "--workers"]
GUNICORN = [
    "-m",
    "gunicorn",
    "tests.servers.shop:wsgi",
    "--log-level",
    "warning",
    "--worker-class",
    "gthread",
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(holds: Callable[[], Any], within: float = 10.0) -> Any:
    """Waits, bounded, until a condition holds, and returns what it answered."""
    deadline = time.monotonic() + within
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {within} s")
        time.sleep(0.01)
    return found


class Server:
    """A running server."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def ask(self, path: str = "/shop", headers: dict[str, str] | None = None) -> dict[str, Any]:
        """Asks on a connection of its own, so that any worker may answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Connection": "close", **(headers or {})})
            response = connection.getresponse()
            assert response.status == 200, response.status
            return {**json.loads(response.read()), "cookie": response.getheader("Set-Cookie")}
        finally:
            connection.close()

    def workers(self, count: int) -> set[int]:
        """Asks until so many workers have answered, and returns their pids."""
        seen: set[int] = set()

        def enough() -> bool:
            seen.add(self.ask()["pid"])
            return len(seen) >= count

        until(enough, 20)
        return seen

    def answers(self) -> bool:
        try:
            self.ask()
        except (OSError, http.client.HTTPException):
            return False
        return True


@contextmanager
def serving(
    command: list[str], config: Path, of: type[Server] = Server, **environment: str
) -> Iterator[Server]:
    """Runs a server until the block ends; `PORT` in the command is replaced. `of` tells when it is ready."""
    port = free_port()
    arguments = [part.replace("PORT", str(port)) for part in command]
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "SHOP_CONFIG": str(config), **environment},
        start_new_session=True,
    )
    server = of(port, process)
    try:
        until(server.answers, 30)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def uvicorn(workers: int) -> list[str]:
    return [*UVICORN, str(workers), "--port", "PORT"]


def gunicorn(workers: int, threads: int, *, preload: bool) -> list[str]:
    return [
        *GUNICORN, "--bind", "127.0.0.1:PORT", "--workers", str(workers), "--threads", str(threads),
        *(["--preload"] if preload else []),
    ]  # fmt: skip
