"""WebSockets: 32 clients who each say something and wait for its echo, over and over.

The others pass bytes on once the handshake is over; ours reads each message, as every ASGI server does.
"""

import asyncio
from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter

from benchmarks.hops.load import CONNECTIONS
from benchmarks.hops.processes import processor_seconds
from benchmarks.hops.proxies import NGINX, Absent, Recipe
from benchmarks.hops.running import Running, running
from benchmarks.hops.upstream import heavy_upstream
from benchmarks.table import Table

__all__ = ["websockets"]

_OPENING = (
    b"GET /chat HTTP/1.1\r\nHost: shop.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_BODY = b"x" * 64
_SAID = b"\x81" + bytes([0x80 | len(_BODY)]) + b"\0\0\0\0" + _BODY
_HEARD = b"\x81" + bytes([len(_BODY)]) + _BODY
_BYE = b"\x88\x82\0\0\0\0\x03\xe8"

Sample = tuple[float, float]
"""Microseconds of processor time for each message and its echo, and the milliseconds that half of them took."""


def websockets(recipes: Sequence[Recipe], absent: Absent, *, smoke: bool) -> Table:
    """Measures each of these, all taking turns."""
    # So few that no connection lasts until a server asks by a ping whether its client is still there: 20 s for uvicorn.
    rounds, messages = (1, 20) if smoke else (7, 200)
    problems: list[str] = []
    with heavy_upstream() as port, running(recipes, port) as proxies:
        samples = _measured(proxies, rounds, messages, problems)
    notes = (
        f"medians of {rounds} interleaved rounds of {messages * CONNECTIONS:,} messages of 64 bytes",
        *(f"not measured: {name}: {why}" for name, why in absent.items()),
    )
    header = ("proxy", "us of processor time", "x nginx", "p50 ms")
    return Table(
        f"A hop: WebSockets, {CONNECTIONS} connections", header, _rows(samples), notes, tuple(problems)
    )


def _measured(
    proxies: Sequence[Running], rounds: int, messages: int, problems: list[str]
) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {each.name: [] for each in proxies}
    for turn in range(rounds + 1):
        first = turn % len(proxies)
        for each in [*proxies[first:], *proxies[:first]]:
            before = processor_seconds(each.pid)
            seconds = asyncio.run(_talk(each.port, messages))
            used = processor_seconds(each.pid) - before
            if len(seconds) != messages * CONNECTIONS:
                problems.append(f"{each.name}: {len(seconds):,} echoes")
            samples[each.name].append((used / max(1, len(seconds)) * 1e6, median(seconds or [0]) * 1e3))
    return {name: each[1:] for name, each in samples.items()}


async def _talk(port: int, messages: int) -> list[float]:
    shares = await asyncio.gather(*(_client(port, messages) for _ in range(CONNECTIONS)))
    return [each for share in shares for each in share]


async def _client(port: int, messages: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seconds: list[float] = []
    try:
        writer.write(_OPENING)
        if not (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 "):
            return seconds
        for _ in range(messages):
            began = perf_counter()
            writer.write(_SAID)
            if await reader.readexactly(len(_HEARD)) != _HEARD:
                return seconds
            seconds.append(perf_counter() - began)
        writer.write(_BYE)
        await reader.read()
        return seconds
    finally:
        writer.close()


def _rows(samples: Mapping[str, list[Sample]]) -> tuple[tuple[str, ...], ...]:
    rows = []
    for name, each in samples.items():
        used, p50 = (median(figures) for figures in zip(*each, strict=True))
        base = samples.get(NGINX)
        ratio = f"{used / max(1e-3, median(own for own, _ in base)):.2f}" if base else "-"
        rows.append((name, f"{used:.0f}", ratio, f"{p50:.2f}"))
    return tuple(rows)
