"""One more act: the same bad version once more, now as another process behind the gateway."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from reliakit.cli.demo.processes import running, running_version, serves, until
from reliakit.cli.demo.promises import Promise
from reliakit.cli.demo.server import free_port
from reliakit.cli.demo.shop import BAD, OLD
from reliakit.cli.printing import tell
from reliakit.rollouts.phases import Phase

__all__ = ["play_gateway"]

_FILE = """\
format: 1
listen: {{port: {port}, admin: "127.0.0.1:{admin}", workers: 2, drain: 1s}}
upstreams:
  shop-blue: {{endpoints: [{{url: "http://127.0.0.1:{blue}"}}]}}
  shop-green: {{endpoints: [{{url: "http://127.0.0.1:{green}"}}]}}
rollouts:
  shop:
    slots: {{blue: {{upstream: shop-blue}}, green: {{upstream: shop-green}}}}
    initial: blue
    steps: [50]
    sticky: none
    release: {{to: green, version: "{bad}"}}
routes: [{{path_prefix: /, rollout: shop}}]
"""
_CLIENTS = 8
_UP_WITHIN, _CAUGHT_WITHIN = 30.0, 20.0
_TICK = 0.1


async def play_gateway(folder: Path) -> Promise:
    """Runs two versions as processes, and the gateway before them, until the bad one is rolled back.

    Args:
        folder: of the demo; nothing outside of it is touched.
    """
    tell(f"now {OLD} and {BAD} as two processes behind `reliakit serve`, which has two workers ...")
    async with AsyncExitStack() as stack:
        ports = {name: free_port() for name in ("port", "admin", "blue", "green")}
        place = folder / "gateway"
        place.mkdir()
        file = place / "reliakit.yaml"
        file.write_text(_FILE.format(**ports, bad=BAD))
        for slot, version in (("blue", OLD), ("green", BAD)):
            await stack.enter_async_context(running_version(place, ports[slot], version))
        await stack.enter_async_context(running(place, "-m", "reliakit.cli.demo.front", str(file)))
        session = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(5)))
        return await _judged(session, ports)


async def _judged(session: ClientSession, ports: dict[str, int]) -> Promise:
    status = f"http://127.0.0.1:{ports['admin']}/-/status"
    if not await until(session, status, serves, _UP_WITHIN):
        return Promise(False, "behind the gateway nothing was judged: it did not start")
    seen: Counter[tuple[str, int]] = Counter()
    clients = [asyncio.create_task(_ask(session, ports["port"], seen)) for _ in range(_CLIENTS)]
    try:
        caught = bool(await until(session, status, _failed, _CAUGHT_WITHIN))
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    requests = sum(count for (version, _), count in seen.items() if version == BAD)
    end = "was caught and rolled back" if caught else "was not caught"
    return Promise(caught, f"behind the gateway {BAD} {end}, after {requests} requests to its process")


async def _ask(session: ClientSession, port: int, seen: Counter[tuple[str, int]]) -> None:
    while True:
        with suppress(ClientError, TimeoutError):
            async with session.get(f"http://127.0.0.1:{port}/shop") as response:
                seen[response.headers.get("x-version", ""), response.status] += 1
        await asyncio.sleep(_TICK / 4)


def _failed(status: dict[str, Any]) -> bool:
    return bool(status["rollouts"]["shop"]["phase"] == Phase.FAILED)
