"""Two regions of real processes behind real workers, clients that ask all the while, and the commands of operators."""

import http.client
import json
import os
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.cli.operating import said
from tests.gateway.running import Gateway, gateway
from tests.remotes.fleet import METHODS, Endpoint
from tests.servers.serving import ROOT, free_port, until
from tests.servers.threads import Threads

__all__ = ["Asking", "Scene", "scene"]


class Asking(Threads):
    """Threads that ask a gateway with every method in turn, until the block ends.

    Attributes:
        answers: when each was given, its method and its status.
    """

    def __init__(self, port: int, threads: int = 4, pause: float = 0.03) -> None:
        super().__init__(threads)
        self._port, self._pause = port, pause
        self.answers: list[tuple[float, str, int]] = []

    def more(self, requests: int) -> None:
        """Waits until so many more were answered well."""
        goal = self.good + requests
        until(lambda: self.good >= goal, 30)

    @property
    def good(self) -> int:
        return sum(status == 200 for _, _, status in self.answers)

    def failed(self, since: float = 0.0) -> Counter[tuple[str, int]]:
        """What was not answered with 200."""
        return Counter(
            (method, status) for at, method, status in self.answers if status != 200 and at >= since
        )

    @property
    def outage(self) -> float:
        """Seconds from the first failure to the first good answer after the last one, as clients saw it; 0 without one."""
        bad = [at for at, _, status in self.answers if status != 200]
        if not bad:
            return 0.0
        return min(at for at, _, status in self.answers if status == 200 and at > bad[-1]) - bad[0]

    def _ask(self, client: int) -> None:
        connection, number = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10), 0
        while not self._stop.is_set():
            method, status = METHODS[number % len(METHODS)], 0
            try:
                body = None if method == "GET" else f"{client}-{number}"
                connection.request(method, f"/{client}-{number}", body)
                response = connection.getresponse()
                response.read()
                status = response.status
            except (OSError, http.client.HTTPException):
                connection.close()
            self.answers.append((time.time(), method, status))
            number += 1
            self._stop.wait(self._pause)
        connection.close()


class Scene:
    """What runs.

    Attributes:
        regions: name -> its endpoints; those of us do not run yet where a hook has to start them.
    """

    def __init__(self, folder: Path, served: Gateway, regions: dict[str, list[Endpoint]], store: str) -> None:
        self.folder, self.served, self.regions, self.store = folder, served, regions, store

    def order(self, *arguments: str, code: int = 0) -> str:
        """Runs `reliakit failover`."""
        return said(self.folder, "failover", *arguments, code=code)

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.order("status", "shop", "--json"))
        return found

    def phase(self, phase: str) -> dict[str, Any]:
        """Waits until the regions stand there, as the store has it."""
        return self.until(lambda found: bool(found["phase"] == phase))

    def until(self, holds: Callable[[dict[str, Any]], bool], within: float = 30.0) -> dict[str, Any]:
        """Waits, bounded, until the status is such, and returns it. Each look costs as much as a few hundred requests."""
        end = time.monotonic() + within
        while not holds(found := self.status):
            assert time.monotonic() < end, found
            time.sleep(0.25)
        return found

    def journal(self) -> list[dict[str, Any]]:
        """The events of the journal so far."""
        return [json.loads(line)["event"] for line in said(self.folder, "journal", "--json").splitlines()]

    def told(self, what: str) -> dict[str, Any]:
        """The last event of a kind."""
        return next(event for event in reversed(self.journal()) if event.get("what") == what)

    def lose(self, region: str) -> None:
        """Kills what runs there."""
        for each in self.regions[region]:
            each.kill()

    def bring_back(self, region: str) -> None:
        """Starts it again."""
        for each in self.regions[region]:
            each.start()

    def asked(self, region: str) -> int:
        """How many requests a region has seen."""
        return sum(len(each.seen) for each in self.regions[region])

    def started(self) -> list[int]:
        """The processes that a hook has started."""
        file = self.folder / "started"
        return [int(line) for line in file.read_text().split()] if file.exists() else []


@contextmanager
def scene(folder: Path, store: str, workers: int = 2, **recovery: Any) -> Iterator[Scene]:
    """Runs two endpoints in eu and two in us, unless a `prepare` hook starts these, and a gateway before them."""
    with ExitStack() as running:
        cold = "prepare" in recovery
        regions = {name: _places(folder, name) for name in ("eu", "us")}
        for place in (*regions["eu"], *([] if cold else regions["us"])):
            place.start()
            running.callback(place.kill)
        text = _definitions(regions, store, recovery)
        served = running.enter_context(gateway(folder, text, workers=workers))
        made = Scene(folder, served, regions, store)
        running.callback(lambda: deque(map(_end, made.started())))
        yield made


def _places(folder: Path, region: str) -> list[Endpoint]:
    return [_Place(folder / f"{region}-{number}.log") for number in range(2)]


class _Place(Endpoint):
    """An endpoint that does not run yet."""

    def __init__(self, log: Path) -> None:
        self.port, self._log = free_port(), log


def _end(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _definitions(regions: dict[str, list[Endpoint]], store: str, recovery: dict[str, Any]) -> str:
    endpoint = [sys.executable, "-S", str(ROOT / "tests/remotes/endpoint.py")]
    commands = [[*endpoint, str(each.port), str(each._log)] for each in regions["us"]]
    hook = {"command": [sys.executable, "-S", str(ROOT / "tests/recovery/starting.py"), json.dumps(commands)]}
    written = {
        "regions": ["eu", "us"], "rto": "30s", "detect": "2s", "hold": "1s", "bake": "1s", "drill": "2s",
        "steps": [50, 100], **recovery,
    }  # fmt: skip
    if recovery.get("prepare"):
        written["prepare"] = hook | recovery["prepare"]
    places = [{"url": each.url, "region": name} for name, found in regions.items() for each in found]
    check = {
        "http": "/healthz",
        "interval": "200ms",
        "jitter": "50ms",
        "timeout": "500ms",
        "unhealthy_threshold": 2,
    }
    shop = {
        "endpoints": places, "health_check": check, "timeouts": {"connect": "1s", "read": "2s"}, "recovery": written,
        "outlier_detection": "off",
    }  # fmt: skip
    return "\n".join(
        f"{key}: {json.dumps(value)}"
        for key, value in {
            "store": store,
            "upstreams": {"shop": shop},
            "routes": [{"upstream": "shop"}],
        }.items()
    )
