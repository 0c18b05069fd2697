"""Bodies of 100 MB, up and down: how fast they pass, what they cost, and what the proxy's memory grows by."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from benchmarks.budgets import at_least, at_most
from benchmarks.hops.ours import HTTP1
from benchmarks.hops.processes import peak_bytes, peaks_forgotten, processor_seconds
from benchmarks.hops.proxies import NGINX, Absent, Recipe
from benchmarks.hops.running import Running, running
from benchmarks.hops.upstream import heavy_upstream
from benchmarks.table import Table

__all__ = ["bodies"]

_PIECE = b"x" * (256 * 1024)
_SECONDS = 120
_UP, _DOWN = "up", "down"


@dataclass(frozen=True, slots=True)
class _Passed:
    """One body: MB per second, seconds of processor time, and MB by which memory is larger afterwards."""

    rate: float
    used: float
    grown: float


Samples = dict[tuple[str, str], list[_Passed]]


def bodies(recipes: Sequence[Recipe], absent: Absent, *, smoke: bool) -> Table:
    """Measures each of these, all taking turns."""
    rounds, size = (1, 2_000_000) if smoke else (7, 100_000_000)
    problems: list[str] = []
    with heavy_upstream() as port, running(recipes, port) as proxies:
        samples = _measured(proxies, rounds, size, problems)
    notes = (
        f"medians of {rounds} interleaved rounds; growth is that of the peak over all of them, since before the first",
        *(f"not measured: {name}: {why}" for name, why in absent.items()),
        *(
            at_least(f"100 MB {way}, against nginx", _ratio(samples, way), 0.9, " x").line()
            for way in (_UP, _DOWN)
        ),
        at_most("growth of memory over 100 MB", None if smoke else _growth(samples, HTTP1), 10, " MB").line(),
    )
    names = [each.name for each in proxies]
    return Table(
        f"A hop: bodies of {size // 1_000_000} MB", _HEADER, _rows(samples, names), notes, tuple(problems)
    )


def _measured(proxies: Sequence[Running], rounds: int, size: int, problems: list[str]) -> Samples:
    samples: Samples = {(each.name, way): [] for each in proxies for way in (_UP, _DOWN)}
    settled: dict[str, int] = {}
    for turn in range(rounds + 1):
        first = turn % len(proxies)
        for each in [*proxies[first:], *proxies[:first]]:
            for way, send in ((_UP, _up), (_DOWN, _down)):
                passed = _sample(each, send, size, settled.get(each.name, 0))
                samples[each.name, way].append(passed)
        if not turn:  # what a program grows by at its first body it needs once
            settled = {each.name: peaks_forgotten(each.pid) for each in proxies}
    short = [name for (name, _), found in samples.items() if any(not each.rate for each in found)]
    problems.extend(f"{name}: a body did not pass whole" for name in dict.fromkeys(short))
    return {key: found[1:] for key, found in samples.items()}


def _sample(proxy: Running, send: Callable[[socket.socket, int], bool], size: int, settled: int) -> _Passed:
    used = processor_seconds(proxy.pid)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=_SECONDS) as client:
        began = perf_counter()
        whole = send(client, size)
        took = perf_counter() - began
    used = processor_seconds(proxy.pid) - used
    grown = (peak_bytes(proxy.pid) - settled) / 1e6
    return _Passed(size / 1e6 / took if whole else 0.0, used, grown)


def _up(client: socket.socket, size: int) -> bool:
    client.sendall(b"POST / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: %d\r\n\r\n" % size)
    for begin in range(0, size, len(_PIECE)):
        client.sendall(_PIECE[: size - begin])
    said, wanted = _head(client), b"%d" % size
    while len(said) < len(wanted) and (piece := client.recv(64)):
        said += piece
    return said == wanted


def _down(client: socket.socket, size: int) -> bool:
    client.sendall(b"GET /%d HTTP/1.1\r\nHost: shop.example.com\r\n\r\n" % size)
    left, buffer = size - len(_head(client)), bytearray(len(_PIECE))
    while left and (came := client.recv_into(buffer)):
        left -= came
    return not left


def _head(client: socket.socket) -> bytes:
    """Reads the head of a response; returns what came of its body with it."""
    received = b""
    while b"\r\n\r\n" not in received and (piece := client.recv(65_536)):
        received += piece
    return received.partition(b"\r\n\r\n")[2]


def _ratio(samples: Mapping[tuple[str, str], list[_Passed]], way: str) -> float | None:
    if (NGINX, way) not in samples:
        return None
    pairs = zip(samples[HTTP1, way], samples[NGINX, way], strict=True)
    return median(own.rate / other.rate for own, other in pairs if other.rate)


def _growth(samples: Mapping[tuple[str, str], list[_Passed]], name: str) -> float:
    return max(each.grown for way in (_UP, _DOWN) for each in samples[name, way])


_HEADER = (
    "proxy",
    "up MB/s",
    "down MB/s",
    "up ms of processor time",
    "down ms of processor time",
    "grown MB",
)


def _rows(
    samples: Mapping[tuple[str, str], list[_Passed]], names: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    rows = []
    for name in names:
        up, down = samples[name, _UP], samples[name, _DOWN]
        rates = (f"{median(each.rate for each in way):.0f}" for way in (up, down))
        used = (f"{median(each.used for each in way) * 1e3:.0f}" for way in (up, down))
        rows.append((name, *rates, *used, f"{_growth(samples, name):.1f}"))
    return tuple(rows)
