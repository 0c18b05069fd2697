"""A demo as a process of its own, with the lines that it prints as they come."""

import os
import queue
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from tests.cli.running import environment

__all__ = ["Demo", "eventually", "running_demo"]

_PATIENCE = 60.0
_FOREGROUND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from reliakit.cli import main
main()
"""
# A shell's background job ignores SIGINT, and so do its children; what a person started does not.


class Demo:
    """Waits for lines; every wait is bounded."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._coming: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, wanted: str) -> str:
        """Returns the first line, from now on, that holds a text."""
        while (line := self._coming.get(timeout=_PATIENCE)) is not None:
            self.lines.append(line)
            if wanted in line:
                return line
        raise AssertionError(f"the demo ended without {wanted!r}: {self.lines}")

    def started(self) -> tuple[int, Path]:
        """Returns the server's port and the flags file, once they are known."""
        found = re.search(r":(\d+) serves the shop; edit (\S+) while", self.wait_for("serves the shop"))
        assert found
        return int(found[1]), Path(found[2])

    def finished(self) -> int:
        """Returns the exit code, once the demo has ended."""
        while (line := self._coming.get(timeout=_PATIENCE)) is not None:
            self.lines.append(line)
        return self.process.wait(_PATIENCE)

    def kept(self, promises: list[str]) -> None:
        """Checks that these were the promises, and that all of them were kept."""
        judged = [line for line in self.lines if line.startswith(("kept: ", "BROKEN: ", "open: "))]
        assert all(line.startswith("kept: ") for line in judged), judged
        found = [re.sub(r"worker \d+", "worker", line.removeprefix("kept: ")) for line in judged]
        assert all(map(str.startswith, found, promises)), found
        assert len(found) == len(promises), found

    def starting_with(self, start: str) -> list[str]:
        return [line for line in self.lines if line.startswith(start)]

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._coming.put(line.rstrip("\n"))
        self._coming.put(None)


@contextmanager
def running_demo(*options: str) -> Iterator[Demo]:
    """Starts a demo; at the end it is stopped the polite way, whatever the test did."""
    process = subprocess.Popen(
        [sys.executable, "-c", _FOREGROUND, "demo", *options],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Demo(process)
    finally:
        process.terminate()
        process.communicate(timeout=_PATIENCE)


def is_left(port: int, folder: Path) -> list[str]:
    """Returns what is left of a demo: its folder, its port, its processes."""
    left = [str(folder)] if folder.exists() else []
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            left.append(f"port {port}")
    return left + [f"process {pid}" for pid in processes_of(folder)]


def processes_of(folder: Path) -> list[int]:
    """Returns the processes that were started with the demo's folder in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(folder.name) in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # ended meanwhile, or not ours to look at
            continue
    return found


def eventually(holds, within: float = 15.0) -> bool:
    """Waits until `holds()` is true; bounded, and without a sleep that hopes."""
    until, pause = monotonic() + within, threading.Event()
    while not holds():
        if monotonic() > until:
            return False
        pause.wait(0.05)
    return True
