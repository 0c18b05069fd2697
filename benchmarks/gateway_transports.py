"""What a request to an upstream costs this process, over each transport, from the ASGI call to its last message.

Transports are called directly, 32 requests at a time, so figures hold the sockets and the event loop (uvloop), but no
server before them. They are processor time of this process; the upstream has one of its own. All take turns.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvloop

from benchmarks.budgets import at_most
from benchmarks.gateway_upstream import upstream
from benchmarks.rounds import Batch, Timings, interleaved
from benchmarks.table import Table
from benchmarks.wrapped import request_headers
from reliakit.upstreams.address import address_of
from reliakit.upstreams.opening import open_transport
from reliakit.upstreams.protocol import Message, Scope, Transport

__all__ = ["run"]

OURS, AIOHTTP, FLOOR = "reliakit, http1", "reliakit, aiohttp", "asyncio streams, nothing parsed or passed on"
_AT_ONCE = 32
_SHARE = 0.4
_SCOPE: Scope = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/shop/cart",
    "raw_path": b"/shop/cart",
    "query_string": b"q=1",
    "client": ("203.0.113.7", 5000),
    "headers": [(name.encode(), value.encode()) for name, value in request_headers("id=1")],
}


def run(smoke: bool) -> list[Table]:
    """Measures both transports, beside a floor."""
    rounds, seconds = (1, 0.02) if smoke else (9, 0.5)
    loop = uvloop.new_event_loop()
    try:
        with upstream() as port:
            address = address_of(f"http://127.0.0.1:{port}")
            ours, aiohttp = open_transport(address), open_transport(address, kind="aiohttp")
            problems: list[str] = []
            subjects = {
                FLOOR: _batch(loop, lambda: _floor(port)),
                OURS: _batch(loop, lambda: _through(ours, problems)),
                AIOHTTP: _batch(loop, lambda: _through(aiohttp, problems)),
            }
            timings = interleaved(subjects, rounds, seconds)
            for transport in (ours, aiohttp):
                loop.run_until_complete(transport.close())
    finally:
        loop.close()
    return [_table(timings, problems)]


def _batch(loop: asyncio.AbstractEventLoop, worker: Callable[[], Callable[[int], Awaitable[None]]]) -> Batch:
    async def asked(calls: int) -> None:
        await asyncio.gather(*(worker()(share) for share in _shares(calls)))

    return lambda calls: loop.run_until_complete(asked(calls))


def _shares(calls: int) -> list[int]:
    workers = min(calls, _AT_ONCE)
    return [calls // workers + (at < calls % workers) for at in range(workers)]


def _through(transport: Transport, problems: list[str]) -> Callable[[int], Awaitable[None]]:
    async def receive() -> Message:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def worker(calls: int) -> None:
        for _ in range(calls):
            came = 0

            async def send(message: MutableMapping[str, Any]) -> None:
                nonlocal came
                came += len(message.get("body", b""))

            await transport(_SCOPE, receive, send)
            if came != 1024:
                problems.append(f"{came} bytes arrived of 1,024")

    return worker


def _floor(port: int) -> Callable[[int], Awaitable[None]]:
    async def worker(calls: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(calls):
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(1024)
        writer.close()
        await writer.wait_closed()

    return worker


def _table(timings: dict[str, Timings], problems: list[str]) -> Table:
    ours, aiohttp = timings[OURS], timings[AIOHTTP]
    share = Timings(tuple(own / other for own, other in zip(ours.rounds, aiohttp.rounds, strict=True))).median
    rows = tuple(
        (name, f"{each.median:.0f}", f"{each.median / ours.median:.2f} x") for name, each in timings.items()
    )
    budget = at_most("processor time of http1, against aiohttp", share, _SHARE, " x").line()
    return Table(
        "A request to an upstream, 1 KiB, 32 at a time",
        ("us of processor time", "each", "against http1"),
        rows,
        notes=(f"medians of {len(ours.rounds)} interleaved rounds", budget),
        problems=tuple(dict.fromkeys(problems)),
    )
