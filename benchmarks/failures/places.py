"""Two zones of a region and a second region, as processes, and a gateway before them."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory

from benchmarks.hops.processes import process
from benchmarks.hops.running import answers, free_port

__all__ = ["SAID", "Endpoint", "Fleet", "fleet"]

_ROOT = Path(__file__).parents[2]
_ENDPOINT = Path(__file__).with_name("endpoint.py")
_START_SECONDS = 60
_PLACES = (("eu", "a"), ("eu", "a"), ("eu", "b"), ("eu", "b"), ("us", "a"), ("us", "a"))
SAID = (
    "two endpoints in each of two zones of a region, two in a second region with `priority: 1`; `prefer: zone`, "
    "`timeouts: {connect: 500ms, read: 1s}`, a health check each second that waits 500 ms, twice; the rest as it comes"
)
"""What `_DEFINITIONS` say, for people."""
_DEFINITIONS = """\
format: 1
node: {{region: eu, zone: a}}
upstreams:
  shop:
    endpoints:
{endpoints}
    timeouts: {{connect: 500ms, read: 1s}}
    priorities: {{prefer: zone}}
    health_check: {{http: /healthz, interval: 1s, jitter: 200ms, timeout: 500ms, unhealthy_threshold: 2}}
routes: [{{upstream: shop}}]
"""


class Endpoint:
    """One process on a port that it keeps over restarts.

    Args:
        region, zone: where it is said to be.
        log: the file that its requests are written to.
    """

    def __init__(self, region: str, zone: str, log: Path) -> None:
        self.region, self.zone, self.port, self._log = region, zone, free_port(), log
        self.start()

    def start(self) -> None:
        """Runs it until it listens."""
        command = [sys.executable, "-S", str(_ENDPOINT), str(self.port), str(self._log)]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("an endpoint did not start")

    def kill(self) -> None:
        """Ends it at once, and waits for that."""
        self._process.kill()
        self._process.communicate()

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def become(self, manner: str) -> None:
        """Has it behave so from now on, as its file says."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{manner}\n")
        self._process.stdin.flush()

    @property
    def seen(self) -> Counter[tuple[str, str]]:
        """Method and id of each request that it was asked."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return Counter((method, name) for method, name in map(str.split, lines))


class Fleet:
    """What runs: endpoints, and the port of a gateway before them."""

    def __init__(self, endpoints: Sequence[Endpoint], port: int) -> None:
        self.endpoints, self.port = endpoints, port

    def part(self, name: str) -> list[Endpoint]:
        """Returns an endpoint, a zone or a region: those that are asked first."""
        first = [each for each in self.endpoints if (each.region, each.zone) == _PLACES[0]]
        region = [each for each in self.endpoints if each.region == _PLACES[0][0]]
        return {"endpoint": first[:1], "zone": first, "region": region}[name]

    @property
    def seen(self) -> Counter[tuple[str, str]]:
        """How often each request was asked of all endpoints."""
        return sum((each.seen for each in self.endpoints), Counter[tuple[str, str]]())


@contextmanager
def fleet(workers: int) -> Iterator[Fleet]:
    """Runs all of it until the block ends.

    Raises:
        TimeoutError: the gateway does not answer.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="reliakit-failures-")))
        endpoints = []
        for number, place in enumerate(_PLACES):
            endpoints.append(Endpoint(*place, folder / f"{number}.log"))
            stack.callback(endpoints[-1].kill)
        port = stack.enter_context(_gateway(folder, endpoints, workers))
        yield Fleet(endpoints, port)


@contextmanager
def _gateway(folder: Path, endpoints: Sequence[Endpoint], workers: int) -> Iterator[int]:
    lines = [
        f"      - {{url: 'http://127.0.0.1:{each.port}', region: {each.region}, zone: {each.zone}, "
        f"priority: {int(each.region != _PLACES[0][0])}}}"
        for each in endpoints
    ]
    file, port = folder / "reliakit.yaml", free_port()
    file.write_text(_DEFINITIONS.format(endpoints="\n".join(lines)))
    options = ["--port", str(port), "--admin", "off", "--workers", str(workers)]
    environ = {**os.environ, "RELIAKIT_STATE_DIR": str(folder / "state")}
    command = [sys.executable, "-m", "reliakit", "serve", str(file), *options]
    with process(command, cwd=_ROOT, env=environ, stdout=DEVNULL):
        end = time.monotonic() + _START_SECONDS
        while not answers(port, "/warm-up"):
            if time.monotonic() > end:
                raise TimeoutError("the gateway does not answer")
            time.sleep(0.05)
        yield port
