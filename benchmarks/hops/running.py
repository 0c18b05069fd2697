"""Starts proxies before an upstream, and stops them."""

import http.client
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.hops.processes import process
from benchmarks.hops.proxies import Recipe

__all__ = ["Running", "answers", "free_port", "running"]

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 60
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Running:
    """A proxy that answers.

    Attributes:
        name: of it.
        pid: of the process that was started; others may be its children.
        port: on loopback.
    """

    name: str
    pid: int
    port: int


@contextmanager
def running(recipes: Sequence[Recipe], upstream: int) -> Iterator[list[Running]]:
    """Runs all of these before the upstream at a port, until the block ends.

    Raises:
        TimeoutError: one does not answer.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="reliakit-bench-")))
        yield [
            stack.enter_context(_started(each, _own(folder, at), upstream)) for at, each in enumerate(recipes)
        ]


def free_port() -> int:
    """Returns a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, path: str = "/") -> bool:
    """Tells whether a GET is answered with 200 there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _own(folder: Path, number: int) -> Path:
    own = folder / str(number)
    own.mkdir()
    # nginx's workers have a user of their own.
    folder.chmod(0o755)
    return own


@contextmanager
def _started(recipe: Recipe, folder: Path, upstream: int) -> Iterator[Running]:
    port = free_port()
    environ = {**os.environ, "RELIAKIT_STATE_DIR": str(folder / "state")}
    with process(recipe.command(folder, port, upstream), cwd=_ROOT, env=environ) as pid:
        end = time.monotonic() + _START_SECONDS
        while not answers(port):
            if time.monotonic() > end:
                raise TimeoutError(f"{recipe.name} does not answer")
            time.sleep(_LOOK)
        yield Running(recipe.name, pid, port)
