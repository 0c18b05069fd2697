"""A real Prometheus, where there is one."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from urllib.request import urlopen

import pytest

__all__ = ["needs_prometheus", "prometheus_server"]

needs_prometheus = pytest.mark.skipif(
    which("prometheus") is None, reason="prometheus is not installed (a Debian package)"
)


@contextmanager
def prometheus_server(folder: Path, config: str = "global: {}\n") -> Iterator[str]:
    """Runs one on a free loopback port; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "prometheus.yml").write_text(config)
    command = [
        str(which("prometheus")),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _await_ready(url)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _await_ready(url: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urlopen(f"{url}/-/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("prometheus did not start")
