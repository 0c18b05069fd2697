"""Real upstreams and real gateways, as processes on free ports of the loopback interface."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fleet.clients import Clients
from tests.servers.serving import ROOT, free_port, until

__all__ = ["Gateway", "Upstream", "Visitors", "gateway", "get", "upstream"]


class Visitors(Clients):
    """Clients to whom the gateway's own answers are none, like connections that break.

    Attributes:
        refused: how often they got one.
    """

    refused = 0

    def _note(self, body: dict[str, Any], status: int, began: float) -> None:
        if "slot" in body:
            super()._note(body, status, began)
        else:
            self.refused += 1


def get(port: int, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Asks on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Connection": "close", **headers})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


class _Running:
    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def answers(self, path: str = "/") -> bool:
        assert self.process.poll() is None, "it has ended"
        try:
            return get(self.port, path)[0] < 500
        except (OSError, http.client.HTTPException):
            return False


class Upstream(_Running):
    """A service."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Gateway(_Running):
    """A supervisor with its workers."""

    def __init__(self, port: int, admin: int, process: subprocess.Popen[bytes], file: Path) -> None:
        super().__init__(port, process)
        self.admin, self.file = admin, file

    def shown(self, path: str) -> dict[str, Any]:
        """Returns what an admin endpoint says."""
        found: dict[str, Any] = json.loads(get(self.admin, path)[2])
        return found

    def workers(self) -> list[int]:
        """Returns the process ids of workers that serve."""
        return [each["pid"] for each in self.shown("/-/health")["workers"] if each["serves"]]

    def up(self, workers: int) -> bool:
        try:
            return len(self.workers()) == workers
        except (OSError, http.client.HTTPException, ValueError):
            return False

    @property
    def log(self) -> str:
        return self.file.with_suffix(".log").read_text()


@contextmanager
def upstream(slot: str, errors: float = 0.0) -> Iterator[Upstream]:
    """Runs a service until the block ends."""
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "tests.gateway.upstream_app:app", "--port", str(port)),
            *("--log-level", "critical", "--timeout-keep-alive", "30"),
        ],
        cwd=ROOT,
        env={**os.environ, "UPSTREAM_SLOT": slot, "UPSTREAM_ERRORS": str(errors)},
    )
    found = Upstream(port, process)
    with _ended(process):
        until(found.answers, 30)
        yield found


@contextmanager
def gateway(
    folder: Path, definitions: str, *options: str, workers: int = 2, store: str | None = None
) -> Iterator[Gateway]:
    """Runs `reliakit serve` on definitions until the block ends."""
    file, log = folder / "reliakit.yaml", folder / "reliakit.log"
    file.write_text(f"format: 1\n{definitions}")
    port, admin = free_port(), free_port()
    arguments = ["--port", str(port), "--admin", f"127.0.0.1:{admin}", "--workers", str(workers), *options]
    shared = ["--store", store] if store else []
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "reliakit", "serve", str(file), *arguments, *shared],
            cwd=ROOT,
            env={**os.environ, "RELIAKIT_STATE_DIR": str(folder / "state")},
            stdout=written,
            stderr=written,
        )
    found = Gateway(port, admin, process, file)
    with _ended(process):
        try:
            until(lambda: process.poll() is not None or found.up(workers), 60)
            assert process.poll() is None
        except AssertionError:
            print(found.log)
            raise
        yield found


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
