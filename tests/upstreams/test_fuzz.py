"""A bad day, again and again: no crash, no leak, no hang, and no answer to somebody else's request."""

import asyncio
import os
from random import Random
from typing import Any, Literal

import pytest

from reliakit.testing.upstream_clients import Reply, Request, ask_asgi
from reliakit.testing.upstream_ground import PLAIN
from reliakit.testing.upstream_server import Peer, RawUpstream
from reliakit.upstreams.address import address_of
from reliakit.upstreams.opening import open_transport
from reliakit.upstreams.settings import Settings
from tests.upstreams.fuzzing import FuzzedUpstream, Visit, problems

_SETTINGS = Settings(connect=5.0, read=0.3, total=5.0, wait=2.0, connections=6, continue_after=0.05)
_VISITS, _AT_ONCE, _SECONDS = 150, 12, 60


async def _day(seed: int) -> list[str]:
    chance = Random(seed)
    upstream = FuzzedUpstream(chance)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    transport = open_transport(address_of(f"http://127.0.0.1:{port}"), _SETTINGS, PLAIN)
    visits = [Visit(chance) for _ in range(_VISITS)]
    waiting = list(visits)

    async def client() -> None:
        while waiting:
            await waiting.pop().ask(transport)

    async with asyncio.timeout(_SECONDS):
        await asyncio.gather(*(client() for _ in range(_AT_ONCE)))
    open_ones, idle = transport.connections  # type: ignore[attr-defined]
    leaks = [] if open_ones == idle else [f"{open_ones - idle} connections are still busy"]
    await transport.close()
    server.close()
    for _ in range(200):  # what the upstream still does ends by itself, within its longest pause
        if len(asyncio.all_tasks()) == 1:
            break
        await asyncio.sleep(0.01)
    leaks += [f"left behind: {task}" for task in asyncio.all_tasks() - {asyncio.current_task()}]
    served = sum(visit.reply.complete for visit in visits)
    hardly = [] if served > _VISITS / 4 else [f"only {served} were answered"]
    return [*problems(visits), *upstream.wrong, *leaks, *hardly]


def _check(seed: int) -> None:
    before = len(os.listdir("/proc/self/fd"))
    found = asyncio.run(_day(seed))
    assert not found, f"seed {seed}: {found}"
    assert len(os.listdir("/proc/self/fd")) <= before, f"seed {seed}: file descriptors are left open"


@pytest.mark.parametrize("name", ["http1", "aiohttp"])
def test_what_a_client_left_untaken_is_not_given_to_the_next(name: Literal["http1", "aiohttp"]):
    """Found on day 59: a server that raises where its client has left, as some do, left the body of a page in the
    connection; and whoever came next got it in front of their own.
    """

    async def gone(message: Any) -> None:
        raise RuntimeError("the handler is closed")

    async def work() -> Reply:
        upstream, left = RawUpstream(), [b"mine!", b"yours"]

        def script(peer: Peer) -> None:
            while True:
                peer.request()
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + left.pop(0))

        upstream.script(script)
        transport = open_transport(address_of(upstream.url), _SETTINGS, PLAIN, name)
        try:
            with pytest.raises(RuntimeError):
                await transport(Request().scope(), _nothing, gone)
            return await ask_asgi(transport, Request())
        finally:
            await transport.close()
            await asyncio.to_thread(upstream.close)

    assert asyncio.run(work()).body == b"yours"


async def _nothing() -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize("seed", range(1, 4))
def test_a_bad_day(seed: int):
    """Otherwise a broken upstream would break us, or show somebody the page of somebody else."""
    print(f"seed {seed}")
    _check(seed)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("first", range(1001, 1401, 50))
def test_many_bad_days(first: int):
    """Otherwise what is rare would only be found by users."""
    for seed in range(first, first + 50):
        print(f"seed {seed}")
        _check(seed)
