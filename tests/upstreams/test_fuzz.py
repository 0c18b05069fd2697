"""A bad day, again and again: no crash, no leak, no hang, and no answer to somebody else's request."""

import asyncio
import os
from random import Random

import pytest

from reliakit.testing.upstream_ground import PLAIN
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
