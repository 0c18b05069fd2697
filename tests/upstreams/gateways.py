"""Real servers with `gateway_app`, each in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.serving import ROOT, free_port, until

__all__ = ["SERVERS", "gateway"]

_APP = "tests.upstreams.gateway_app:app"
_UVICORN = ["uvicorn", _APP, "--no-server-header", "--no-date-header", "--no-proxy-headers", "--log-level", "critical", "--port"]  # fmt: skip
SERVERS = {
    "uvicorn, httptools": [*_UVICORN, "PORT", "--http", "httptools"],
    "uvicorn, h11": [*_UVICORN, "PORT", "--http", "h11"],
    "granian": [
        "granian",
        _APP,
        "--interface",
        "asgi",
        "--no-access-log",
        "--log-level",
        "critical",
        "--port",
        "PORT",
    ],
}


@contextmanager
def gateway(server: str, upstream: str) -> Iterator[int]:
    """Runs one before an upstream, and gives its port."""
    port = free_port()
    command = [sys.executable, "-m", *(part.replace("PORT", str(port)) for part in SERVERS[server])]
    environment = {**os.environ, "UPSTREAM": upstream}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        until(lambda: _listens(port), 30)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
