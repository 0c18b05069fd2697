"""What processes have used, by what Linux tells of them: a program and all that it has started."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired

__all__ = ["children_of", "peak_bytes", "peaks_forgotten", "process", "processor_seconds"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM = 1, 11, 12
_GRACE_SECONDS = 10


def processor_seconds(root: int) -> float:
    """Returns the processor time of a process and its descendants, in seconds, to a hundredth."""
    fields = (_fields(pid) for pid in _tree(root))
    return sum(int(each[_USER]) + int(each[_SYSTEM]) for each in fields if each) / _TICKS


def peak_bytes(root: int) -> int:
    """Returns the most memory that a process and its descendants had; pages that they share count for each."""
    return sum(_memory(pid, "VmHWM") for pid in _tree(root))


def peaks_forgotten(root: int) -> int:
    """Has peaks begin anew, and returns the memory of the present."""
    for pid in _tree(root):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return sum(_memory(pid, "VmRSS") for pid in _tree(root))


@contextmanager
def process(command: list[str], **options: object) -> Iterator[int]:
    """Runs a command until the block ends, and gives its process id.

    It leads a session of its own, so that what it started can be ended with it where it does not end by itself.
    """
    started = Popen(command, start_new_session=True, **{"stdout": DEVNULL, "stderr": DEVNULL, **options})  # type: ignore[call-overload]
    try:
        yield started.pid
    finally:
        started.terminate()
        try:
            started.wait(_GRACE_SECONDS)
        except TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


def children_of(root: int) -> list[int]:
    """Returns the processes that a process has started and that still run."""
    pids = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    return [pid for pid in pids if (fields := _fields(pid)) and int(fields[_PARENT]) == root]


def _tree(root: int) -> list[int]:
    return [root, *(each for child in children_of(root) for each in _tree(child))]


def _fields(pid: int) -> list[str]:
    """Those of /proc/PID/stat behind the name, which may have spaces in it; none where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _memory(pid: int, which: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{which}:"))
