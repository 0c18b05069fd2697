"""The example apps under real servers, each by the command that its users would type."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.serving import ROOT, free_port, until

__all__ = ["EXAMPLES", "USERS", "Shop", "running", "workers"]

EXAMPLES = ROOT / "docs" / "examples"
USERS = [f"user-{number}" for number in range(200)]


class Shop:
    """A running example app."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Asks on a connection of its own, so that any worker may answer; returns status, headers and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {"Connection": "close", **headers})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Any:
        status, _, text = self.ask("GET", path, **headers)
        assert status == 200, (status, text)
        return json.loads(text)


@contextmanager
def running(name: str, command: list[str], folder: Path) -> Iterator[Shop]:
    """Runs a copy of an example's definitions until the block ends; `PORT` in the command is replaced."""
    definitions = folder / "reliakit.yaml"
    shutil.copy(EXAMPLES / name / "reliakit.yaml", definitions)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, *(part.replace("PORT", str(port)) for part in command)],
        cwd=ROOT,
        env={**os.environ, "RELIAKIT_CONFIG": str(definitions), "SHOP_DATABASE": str(folder / "shop.db")},
        start_new_session=True,
    )
    shop = Shop(port)
    try:
        until(lambda: _healthy(shop, process), 60)
        yield shop
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _healthy(shop: Shop, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "the server ended"
    try:
        return bool(shop.get("/health")["ready"])
    except (OSError, http.client.HTTPException):
        return False


def workers(shop: Shop, count: int) -> set[int]:
    """Asks until so many workers have answered, and returns their pids."""
    seen: set[int] = set()

    def enough() -> bool:
        seen.add(shop.get("/health")["pid"])
        return len(seen) >= count

    until(enough, 20)
    return seen
