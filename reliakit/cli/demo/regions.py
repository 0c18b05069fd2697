"""The other last act: servers of two zones and a second region are killed, stopped and lost, while clients ask for the shop."""

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from reliakit.cli.demo.processes import running, running_version, serves, until
from reliakit.cli.demo.promises import Promise
from reliakit.cli.demo.server import free_port
from reliakit.cli.printing import tell
from reliakit.failover.recovery.phases import Phase

__all__ = ["play_regions"]

_FILE = """\
format: 1
listen: {{port: {port}, admin: "127.0.0.1:{admin}", workers: 2, drain: 1s}}
node: {{region: eu, zone: a}}
upstreams:
  shop:
    endpoints:
      - {{url: "http://127.0.0.1:{one}", region: eu, zone: a}}
      - {{url: "http://127.0.0.1:{two}", region: eu, zone: a}}
      - {{url: "http://127.0.0.1:{three}", region: eu, zone: b}}
      - {{url: "http://127.0.0.1:{four}", region: us, zone: a}}
    priorities: {{prefer: zone}}
    timeouts: {{connect: 500ms, read: 1s}}
    health_check: {{http: /healthz, interval: 250ms, jitter: 50ms, timeout: 500ms, unhealthy_threshold: 2}}
    recovery:
      {{strategy: warm_standby, regions: [eu, us], rto: {rto:g}s, lost_below: 20, detect: 2s, hold: 1s, quiet: 1s, steps: [100]}}
routes: [{{upstream: shop}}]
"""
_PLACES = {"one": "eu/a", "two": "eu/a", "three": "eu/b", "four": "us/a"}
_RTO = 10.0
_CLIENTS, _PAUSE = 6, 0.03
_UP_WITHIN, _WITHIN = 40.0, 20.0
_WATCHED = 1.5
"""Seconds in which a person sees where the traffic goes after something has happened."""


async def play_regions(folder: Path) -> Promise:
    """Runs four servers in two regions and the gateway before them, and takes one after the other away.

    Args:
        folder: of the demo; nothing outside of it is touched.
    """
    tell("now a server, a zone and a region are lost behind the gateway, while clients ask for the shop ...")
    async with AsyncExitStack() as stack:
        act = _Act(folder / "regions", stack)
        session = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(5)))
        return await act.play(session)


class _Act:
    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._ports = {name: free_port() for name in ("port", "admin", *_PLACES)}
        self._servers: dict[str, Process] = {}
        self._seen = _Seen()
        folder.mkdir()

    async def play(self, session: ClientSession) -> Promise:
        """Plays it; what could not be brought about is no promise kept."""
        status = f"http://127.0.0.1:{self._ports['admin']}/-/status"
        file = self._folder / "reliakit.yaml"
        file.write_text(_FILE.format(**self._ports, rto=_RTO))
        for name in _PLACES:
            await self._start(name)
        await self._stack.enter_async_context(
            running(self._folder, "-m", "reliakit.cli.demo.front", str(file))
        )
        if not await until(session, status, _all_well, _UP_WITHIN):
            return Promise(False, "behind the gateway no region was lost: it did not start")
        shop = f"http://127.0.0.1:{self._ports['port']}/shop"
        clients = [asyncio.create_task(_ask(session, shop, self._seen)) for _ in range(_CLIENTS)]
        try:
            return await self._told(session, status)
        finally:
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)

    async def _told(self, session: ClientSession, status: str) -> Promise:
        await self._watch("all is well")
        self._send("one", signal.SIGKILL)
        await self._watch(f"$ kill -9 {self._servers['one'].pid}  # one of two servers in eu/a")
        self._send("two", signal.SIGSTOP)
        await self._watch(f"$ kill -STOP {self._servers['two'].pid}  # the other one: zone a is gone")
        spared = self._seen.failed("GET")
        for name in ("two", "three"):
            self._send(name, signal.SIGKILL)
        tell(f"$ kill -9 {self._servers['two'].pid} {self._servers['three'].pid}  # region eu is lost")
        away = await until(session, status, _away, _WITHIN)
        await self._watch("us serves in place of eu" if away else "nobody serves in place of eu")
        tell("eu comes up again ...")
        for name in ("one", "two", "three"):
            await self._start(name)
        back = away and await until(session, status, _serving, _WITHIN)
        await self._watch("eu serves again" if back else "eu does not serve again")
        return _judged(away, bool(back), spared, self._seen)

    async def _start(self, name: str) -> None:
        process = running_version(self._folder, self._ports[name], _PLACES[name])
        self._servers[name] = await self._stack.enter_async_context(process)

    def _send(self, name: str, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._servers[name].pid, number)

    async def _watch(self, what: str) -> None:
        """Says what has happened, and a moment later where the traffic goes."""
        self._seen.turn()
        tell(what)
        await asyncio.sleep(_WATCHED)
        tell(f"  {self._seen.line()}")


class _Seen:
    """What clients have seen.

    Attributes:
        answers: (place, method, whether it was good) -> how often.
    """

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, bool]] = Counter()
        self._lately: Counter[tuple[str, str, bool]] = Counter()
        self._since = monotonic()

    def saw(self, place: str, method: str, good: bool) -> None:
        self.answers[place, method, good] += 1
        self._lately[place, method, good] += 1

    def turn(self) -> None:
        """Begins to look at what comes from now on."""
        self._lately, self._since = Counter(), monotonic()

    def failed(self, method: str) -> int:
        return sum(count for (_, how, good), count in self.answers.items() if how == method and not good)

    def line(self) -> str:
        """Returns "eu/a 48 %, eu/b 52 %; 192 requests in 2.0 s, 1 failed (POST)"."""
        total = self._lately.total()
        places = {place: self._of(place) for place in sorted({*_PLACES.values()})}
        shares = ", ".join(f"{place} {count / total:.0%}" for place, count in places.items() if count)
        failed = [(how, count) for (_, how, good), count in self._lately.items() if not good]
        kinds = ", ".join(sorted({how for how, _ in failed}))
        told = f"{sum(count for _, count in failed)} failed{f' ({kinds})' if kinds else ''}"
        shares = shares.replace("%", " %") or "nobody answers"
        return f"{shares}; {total} requests in {monotonic() - self._since:.1f} s, {told}"

    def _of(self, place: str) -> int:
        return sum(count for (where, _, good), count in self._lately.items() if where == place and good)


async def _ask(session: ClientSession, url: str, seen: _Seen) -> None:
    while True:
        for method in ("GET", "POST"):
            place, good = "", False
            with suppress(ClientError, TimeoutError):
                async with session.request(method, url) as response:
                    place, good = response.headers.get("x-version", ""), response.status == 200
            seen.saw(place, method, good)
            await asyncio.sleep(_PAUSE)


def _all_well(status: dict[str, Any]) -> bool:
    return (
        serves(status)
        and status["upstreams"]["shop"]["endpoints"] == 4
        and not status["upstreams"]["shop"]["unwell"]
    )


def _away(status: dict[str, Any]) -> bool:
    state = status["regions"]["shop"]
    return bool(state["phase"] == Phase.AWAY and state["incident"]["rto"] is not None)


def _serving(status: dict[str, Any]) -> bool:
    return bool(status["regions"]["shop"]["phase"] == Phase.SERVING)


def _judged(away: dict[str, Any] | None, back: bool, spared: int, seen: _Seen) -> Promise:
    if away is None:
        return Promise(False, "eu was lost, and us did not serve in its place")
    rto = away["regions"]["shop"]["incident"]["rto"]
    end = "and eu serves again" if back else "and eu did not serve again"
    lost = f"{seen.failed('GET') + seen.failed('POST')} of {seen.answers.total():,} requests failed"
    zone = f"{spared or 'none'} of what may be sent twice before that"
    text = f"eu was lost: us served after {rto:.1f} s of {_RTO:g} (RTO), {end}; {lost}, {zone}"
    return Promise(back and rto <= _RTO and not spared, text)
