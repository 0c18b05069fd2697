"""Endpoints as processes that are killed, stopped and slowed, and clients that ask a kit for them all the while."""

import asyncio
import http.client
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from reliakit import Reliakit
from tests.middleware.test_wsgi import call, environ
from tests.servers.serving import ROOT, free_port, until

__all__ = ["ASGIClients", "Endpoint", "WSGIClients", "definitions", "endpoints", "run"]

T = TypeVar("T")
IDEMPOTENT = ("GET", "PUT", "DELETE")
METHODS = (*IDEMPOTENT, "POST")


class Endpoint:
    """One process on a port that it keeps over restarts."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self._log = port, log
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Runs it, and waits until it listens."""
        command = [
            sys.executable,
            "-S",
            str(ROOT / "tests/remotes/endpoint.py"),
            str(self.port),
            str(self._log),
        ]
        self.process = subprocess.Popen(command)
        until(self._listens)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Ends it at once, whatever it is doing."""
        self.process.kill()
        self.process.wait(10)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def tell(self, target: str) -> None:
        """Has it behave otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", target)
        assert connection.getresponse().status == 200
        connection.close()

    def forget(self) -> None:
        """Begins to write anew."""
        self._log.unlink(missing_ok=True)

    @property
    def seen(self) -> list[tuple[str, str, str, str]]:
        """Method, path, body and mark of each request that it was asked."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [
            (method, path, body, mark) for method, path, body, mark in (each.split(" ") for each in lines)
        ]


@contextmanager
def endpoints(folder: Path, count: int) -> Iterator[list[Endpoint]]:
    """Runs so many until the block ends."""
    with ExitStack() as running:
        yield [running.enter_context(_running(folder / f"endpoint-{number}.log")) for number in range(count)]


@contextmanager
def _running(log: Path) -> Iterator[Endpoint]:
    endpoint = Endpoint(free_port(), log)
    try:
        yield endpoint
    finally:
        endpoint.kill()


def definitions(
    fleet: list[Endpoint], zones: str = "aab", *, checked: bool = True, **section: Any
) -> dict[str, Any]:
    """Returns definitions of one upstream, each endpoint in the zone that its letter says; we are in zone a."""
    places = [
        {"url": each.url, "region": "eu", "zone": zone} for each, zone in zip(fleet, zones, strict=True)
    ]
    shop = {
        "endpoints": places,
        "timeouts": {"connect": "1s", "read": "1s"},
        "health_check": {
            "http": "/healthz", "interval": "200ms", "jitter": "50ms", "timeout": "200ms", "unhealthy_threshold": 2,
        },
        **section,
    }  # fmt: skip
    if not checked:
        del shop["health_check"]
    return {
        "format": 1,
        "node": {"region": "eu", "zone": "a"},
        "upstreams": {"shop": shop},
        "routes": [{"upstream": "shop"}],
    }


class _Clients:
    """Clients that send every method in turn, each request with an id of its own, until the block ends.

    Attributes:
        statuses: how often each method was answered with each status.
    """

    def __init__(self, kit: Reliakit, clients: int, pause: float) -> None:
        self._kit, self._count, self._pause = kit, clients, pause
        self.statuses: Counter[tuple[str, int]] = Counter()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "_Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()

    @property
    def answered(self) -> int:
        return sum(self.statuses.values())

    def more(self, requests: int) -> None:
        """Waits until so many more were answered."""
        goal = self.answered + requests
        until(lambda: self.answered >= goal, 30)

    def failed(self, *methods: str) -> dict[tuple[str, int], int]:
        """Returns what was not answered with 200."""
        return {
            (method, status): count
            for (method, status), count in self.statuses.items()
            if method in methods and status != 200
        }


class ASGIClients(_Clients):
    """Tasks on one event loop, on a thread, that call the gateway's application."""

    def __init__(self, kit: Reliakit, clients: int = 8, pause: float = 0.01) -> None:
        super().__init__(kit, clients, pause)
        self._app: Any = kit.gateway()
        self._threads = [threading.Thread(target=lambda: asyncio.run(self._run()))]

    async def _run(self) -> None:
        await asyncio.gather(*(self._ask(client) for client in range(self._count)))
        self._kit.close()
        await asyncio.sleep(0)

    async def _ask(self, client: int) -> None:
        number = 0
        while not self._stop.is_set():
            method = METHODS[number % len(METHODS)]
            self.statuses[method, await ask(self._app, method, f"/{client}-{number}")] += 1
            number += 1
            await asyncio.sleep(self._pause)


async def ask(app: Any, method: str, path: str, *headers: tuple[bytes, bytes]) -> int:
    """Returns the status of one answer."""
    body = b"" if method == "GET" else path[1:].encode()
    pieces = [{"type": "http.request", "body": body, "more_body": False}]
    status, whole = 0, False

    async def receive() -> Any:
        return pieces.pop() if pieces else await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        nonlocal status, whole
        status = message.get("status", status)
        whole = message["type"] == "http.response.body" and not message.get("more_body", False)

    sized = [(b"content-length", b"%d" % len(body))] if body else []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "client": ("203.0.113.7", 5000),
        "headers": [(b"host", b"shop.test"), *sized, *headers],
    }  # fmt: skip
    await app(scope, receive, send)
    assert whole
    return status


def run(kit: Reliakit, work: Coroutine[Any, Any, T], within: float = 10.0) -> T:
    """Runs what asks a kit by ASGI on an event loop of its own, and hangs up at its end."""

    async def whole() -> T:
        try:
            return await asyncio.wait_for(work, within)
        finally:
            kit._runtime.remotes.close()
            for _ in range(5):
                await asyncio.sleep(0)

    return asyncio.run(whole())


class WSGIClients(_Clients):
    """Threads that call an application which all requests go past."""

    def __init__(self, kit: Reliakit, clients: int = 6, pause: float = 0.01) -> None:
        super().__init__(kit, clients, pause)
        self._app = kit.wsgi(_nobody)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(client,)) for client in range(clients)]

    def _run(self, client: int) -> None:
        number = 0
        while not self._stop.is_set():
            method, path = METHODS[number % len(METHODS)], f"/{client}-{number}"
            status = ask_wsgi(self._app, method, path)
            with self._lock:
                self.statuses[method, status] += 1
            number += 1
            self._stop.wait(self._pause)


def ask_wsgi(app: Any, method: str, path: str) -> int:
    """Returns the status of one answer."""
    import io

    body = b"" if method == "GET" else path[1:].encode()
    asked = environ(path, REQUEST_METHOD=method, HTTP_HOST="shop.test", RAW_URI=path)
    asked |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    status, _, _ = call(app, asked)
    return int(status[:3])


def _nobody(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
    start_response("404 Not Found", [])
    return []
