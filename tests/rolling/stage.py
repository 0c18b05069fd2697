"""Workers over one store, on a clock that moves when a test says so; endpoints and the hook that replaces them are real, on
one event loop.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from reliakit.cli.rolling.found import controlled
from reliakit.core.acting import Actor
from reliakit.core.tally import Tallies
from reliakit.definitions.rolling import rolling_definition, rollings
from reliakit.failover.events import Event
from reliakit.failover.rolling.controller import Decided, start
from reliakit.failover.rolling.state import RollingState, Unit
from reliakit.runtime.controlled import Held
from reliakit.runtime.joining import join
from reliakit.runtime.journal import read_entry
from reliakit.runtime.keeper import Keeper
from reliakit.runtime.remotes.table import Remotes
from reliakit.runtime.rolling.replacements import Replacements
from reliakit.sources.memory import MemorySource
from reliakit.stores.memory import MemoryStore
from reliakit.testing import ManualClock
from tests.runtime.listening import until
from tests.servers.serving import free_port

__all__ = ["ADA", "Stage", "Worker"]

ADA = Actor("person", "ada", "ada", "laptop")
_NOW = 1_800_000_000.0


class Stage:
    """Three endpoints, the webhook that replaces them, and the workers that ask them.

    Attributes:
        versions: what runs at each endpoint.
        ran: verb, target and version of each call of the webhook.
        holds: what a call waits for before it does anything.
        checked: whether the definitions have a health check.
        starts: whether the webhook starts anything, or only stops it.
    """

    checked = starts = True

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, ManualClock(time=_NOW)
        self.store = MemoryStore(now=self.clock.time)
        self.versions: dict[str, str] = {}
        self.ran: list[tuple[str, str, str]] = []
        self.holds = asyncio.Event()
        self.holds.set()
        self.workers: list[Worker] = []
        self._servers: dict[str, asyncio.Server] = {}

    async def __aenter__(self) -> "Stage":
        app = web.Application()
        app.router.add_post("/hook", self._hook)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.hook = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        self.endpoints = [f"http://127.0.0.1:{free_port()}" for _ in range(3)]
        for endpoint in self.endpoints:
            await self.run(endpoint, "1")
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.die()
        await asyncio.sleep(0)
        await self._runner.cleanup()
        for endpoint in tuple(self._servers):
            await self.stop(endpoint)

    def definitions(self, **rolling: Any) -> dict[str, Any]:
        called = {"webhook": self.hook, "timeout": "20s", "attempts": 2}
        section = {"replace": called, "undo": called, "bake": "2s", "drain": "10s", "ready": "10s", **rolling}
        check = {"http": "/healthz", "interval": "1s", "jitter": "0s", "healthy_threshold": 1}
        places = [{"url": endpoint} for endpoint in self.endpoints]
        shop = {"endpoints": places, "rolling": section} | ({"health_check": check} if self.checked else {})
        return {"format": 1, "upstreams": {"shop": shop}, "routes": [{"upstream": "shop"}]}

    async def begun(self, workers: int = 2, **rolling: Any) -> "list[Worker]":
        """Returns workers that know each other, and a replacement that has just been ordered."""
        self.workers = [Worker(self, self.definitions(**rolling)) for _ in range(workers)]
        await self.seconds(2)
        assert await self.order(
            lambda held, definition: start(definition, 1, self.clock.time(), ADA, version="2", former="1")
        )
        return self.workers

    async def order(self, decide: Callable[[Held[RollingState] | None, Any], Decided]) -> bool:
        """Does what a command does."""
        held = (await controlled(self.store).load()).get("shop")
        found = rollings(self.workers[0].keeper.state.definitions)
        decided = decide(held, rolling_definition("shop", found["shop"]))
        events = [event.to_record() for event in decided.events]
        version = held.version if held else 0
        return await controlled(self.store).commit("shop", version, decided.state.to_record(), events)

    async def seconds(self, count: int = 1) -> None:
        """Lets seconds pass, in each of which every worker does what is due."""
        for _ in range(count):
            for worker in self.workers:
                await worker.beat()
            self.clock.advance(1)

    async def until(self, holds: "Callable[[RollingState], bool]", most: int = 60) -> RollingState:
        """Lets seconds pass until the replacement is such."""
        for _ in range(most):
            await self.seconds()
            state = await self.state()
            if holds(state):
                return state
        raise AssertionError(await self.state())

    async def state(self) -> RollingState:
        """Where it stands, as the store has it; where that has lost it, as workers know it."""
        held = (await controlled(self.store).load()).get("shop")
        return (held or self.workers[0].replacements.member.states["shop"]).state

    async def unit(self, number: int) -> Unit:
        return (await self.state()).unit(self.endpoints[number])

    async def journal(self) -> list[Event]:
        events = [read_entry(entry.text).event for entry in await self.store.journal()]
        return [Event.from_record(event) for event in events if event["kind"] == "failover_event"]

    async def run(self, endpoint: str, version: str) -> None:
        """Has a version run at an endpoint."""
        port = int(endpoint.rpartition(":")[2])
        self._servers[endpoint] = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.versions[endpoint] = version

    async def stop(self, endpoint: str) -> None:
        server = self._servers.pop(endpoint)
        server.close()
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async def _hook(self, request: web.Request) -> web.Response:
        told = json.loads(await request.read())["data"]
        self.ran.append((told["verb"], told["target"], told["version"]))
        await self.holds.wait()
        await self.stop(told["target"])
        if self.starts:
            await self.run(told["target"], told["version"])
        return web.Response(text=f"it is {told['version']}")


class Worker:
    """One process. One that is not beaten any more is as good as stopped."""

    def __init__(self, stage: Stage, definitions: Mapping[str, Any]) -> None:
        self.stage, self.tallies, clock = stage, Tallies(), stage.clock
        tallies = self.tallies
        self.source = MemorySource(definitions)
        self.keeper = Keeper(self.source, tallies, None, {}, clock)
        self.remotes = Remotes(stage.folder / "reliakit.yaml", clock, tallies.counters)
        self.keeper.planned = self.remotes.planned
        self.keeper.begin(accept_last_good=False)
        store = stage.store.sibling()
        self.joined = join(store, self.keeper, tallies, lambda *asked: True, clock, None)
        self.joined.meet(self.remotes)
        self.remotes.use("asgi")

    @property
    def replacements(self) -> Replacements:
        found = self.joined.rolling.replacements
        assert found is not None
        return found

    @property
    def remote(self) -> Any:
        return self.remotes.find("shop")

    @property
    def asks(self) -> list[str]:
        """The endpoints that its requests go to."""
        return [address for address, health in self.remote.known if health.available]

    async def beat(self) -> None:
        """Does what the engine does in a second, with all that it began, but for hooks that are held up."""
        await self.tend()
        await self.joined.fleet.flush()
        for duty in self.joined.sharing.duties:
            await duty()
        rolling = self.replacements
        await until(lambda: rolling.rolling.errands.idle)
        await until(lambda: rolling.hooks.idle or not self.stage.holds.is_set())
        await self.tend()

    async def tend(self) -> None:
        """Looks at its endpoints, and waits for the checks that are due."""
        checks: list[asyncio.Task[None]] = []
        self.remote.tend(checks.append)
        if checks:
            await asyncio.wait(checks)
            self.remote.tend(checks.append)

    async def edit(self, definitions: Mapping[str, Any]) -> None:
        """Reads other definitions."""
        self.source.set(definitions)
        assert await self.keeper._reload(self.keeper.state.definitions)

    def answered(self, number: int, requests: int, failed: int = 0) -> None:
        """Has so many requests end at an endpoint; no two in a row fail."""
        answers = self.remote._health.answers
        for each in range(requests):
            if each % 2 or each // 2 >= failed:
                next(answers.numbers[number])
            else:
                answers.failed(number, 500)

    def die(self) -> None:
        """Ends what a killed process would end, and tells nobody."""
        self.replacements.leave()
        self.remotes.close()
