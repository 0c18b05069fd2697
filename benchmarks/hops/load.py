"""Clients: wrk where it is, for so many seconds; otherwise a small one of ours, for so many requests."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter

__all__ = ["CONNECTIONS", "Load", "by_asyncio", "by_wrk", "has_wrk"]

CONNECTIONS = 32
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_REQUEST = b"GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n"
_BODY = 1024


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw.

    Attributes:
        requests: that were answered.
        wrong: those answered with something else than a kilobyte, or not at all.
        p50, p99: milliseconds.
    """

    requests: int
    wrong: int
    p50: float
    p99: float


def has_wrk() -> bool:
    """Tells whether wrk is on this machine."""
    return shutil.which("wrk") is not None


def by_wrk(port: int, seconds: int) -> Load:
    """Asks for so many whole seconds.

    Raises:
        subprocess.SubprocessError: wrk failed.
    """
    url = f"http://127.0.0.1:{port}/"
    command = [
        "wrk",
        "-t",
        "1",
        "-c",
        str(CONNECTIONS),
        "-d",
        f"{seconds}s",
        "--timeout",
        "30s",
        "--latency",
        url,
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    requests = int(_found(r"(\d+) requests in", said)[0])
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    wrong = sum(map(int, errors.groups())) if errors else 0
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Load(requests, wrong + (int(refused[1]) if refused else 0), _share("50", said), _share("99", said))


def _share(percent: str, said: str) -> float:
    figure, unit = _found(rf"{percent}%\s+([\d.]+)(us|ms|s|m)\b", said)
    return float(figure) * _UNITS[unit]


def _found(pattern: str, said: str) -> Sequence[str]:
    match = re.search(pattern, said)
    if match is None:
        raise subprocess.SubprocessError(f"wrk said: {said}")
    return match.groups()


def by_asyncio(port: int, requests: int) -> Load:
    """Asks so many times."""
    seconds = asyncio.run(_asked(port, requests))
    right = [each for each in seconds if each is not None]
    marks = quantiles((each * 1e3 for each in right), n=100) if len(right) > 1 else [0.0] * 99
    return Load(len(right), len(seconds) - len(right), marks[49], marks[98])


async def _asked(port: int, requests: int) -> list[float | None]:
    shares = await asyncio.gather(*(_client(port, requests // CONNECTIONS) for _ in range(CONNECTIONS)))
    return [each for share in shares for each in share]


async def _client(port: int, requests: int) -> list[float | None]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seconds: list[float | None] = []
    for _ in range(requests):
        began = perf_counter()
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        right = head.startswith(b"HTTP/1.1 200 ") and b"content-length: 1024" in head.lower()
        if right:
            await reader.readexactly(_BODY)
        seconds.append(perf_counter() - began if right else None)
        if not right:
            break
    writer.close()
    await writer.wait_closed()
    return seconds
