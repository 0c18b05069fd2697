"""Every source on a server, and every combination of them, over wires that are slow, carry nonsense, and recover."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from reliakit.sources.cached import Cached
from reliakit.sources.failover import Failover
from reliakit.sources.http import HttpSource
from reliakit.sources.overlay import Overlay
from reliakit.sources.postgres import PostgresSource
from reliakit.sources.postgres_sql import definitions_sql
from reliakit.sources.protocol import Source, SourceError
from reliakit.sources.redis import RedisSource
from tests.sources.http_server import http_server
from tests.sources.test_servers_that_fail import LONG, Place, revision
from tests.sources.wires import Mood, Wire, wire_to
from tests.stores.postgres import Postgres
from tests.stores.valkey import running


class Ends:
    """The servers, each with a wire to it."""

    def __init__(self, places: dict[str, Place], wires: dict[str, Wire]) -> None:
        self._places, self._wires = places, wires

    def put(self, word: str) -> None:
        for place in self._places.values():
            place.put(word)

    def become(self, mood: Mood) -> None:
        for wire in self._wires.values():
            wire.become(mood)

    def http(self) -> Source:
        return HttpSource(f"http://127.0.0.1:{self._wires['http'].port}/flags.json", poll=0.1, timeout=5)

    def valkey(self) -> Source:
        return RedisSource(f"redis://127.0.0.1:{self._wires['valkey'].port}", "flags", poll=LONG, timeout=5)

    def postgres(self) -> Source:
        server = self._places["postgres"].server
        assert isinstance(server, Postgres)
        url = server.url().replace(f":{server.port}", f":{self._wires['postgres'].port}")
        return PostgresSource(url, "flags", poll=LONG, timeout=5)


SOURCES: dict[str, Callable[[Ends], Source]] = {
    "http": Ends.http,
    "valkey": Ends.valkey,
    "postgres": Ends.postgres,
    "failover": lambda ends: Failover(ends.http(), ends.valkey(), back=0.1),
    "overlay": lambda ends: Overlay(ends.postgres(), ends.http()),
    "cached": lambda ends: Cached(ends.valkey(), LONG),
    "all of them": lambda ends: Cached(
        Failover(Overlay(ends.http(), ends.postgres()), ends.valkey(), back=0.1), LONG
    ),
}


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    with ExitStack() as stack:
        http = stack.enter_context(http_server())
        valkey = stack.enter_context(running(tmp_path_factory.mktemp("valkey") / "server"))
        postgres = Postgres()
        stack.callback(postgres.stop)
        postgres.sql(definitions_sql("flags"))
        servers: dict[str, Any] = {"http": http, "valkey": valkey, "postgres": postgres}
        wires = {name: stack.enter_context(wire_to(server.port)) for name, server in servers.items()}
        yield Ends({name: Place(server) for name, server in servers.items()}, wires)


@pytest.fixture(autouse=True)
def _sound_again(ends: Ends) -> Iterator[None]:
    yield
    ends.become("through")


async def found(source: Source, changes: AsyncIterator[None], word: str) -> None:
    """Does as the engine does, until the source holds something; it may fail meanwhile."""
    while True:
        try:
            if revision((await source.load()).text) == word:
                return
        except SourceError:
            pass  # it is not back yet
        await anext(changes)


async def unreadable(source: Source, changes: AsyncIterator[None]) -> None:
    """Does the same until it fails; what is told first may be another connection's last good word."""
    while True:
        try:
            await source.load()
        except SourceError:
            return
        await anext(changes)


@pytest.mark.parametrize("name", SOURCES)
def test_what_comes_slowly_comes_whole(ends: Ends, name: str) -> None:
    """Otherwise a busy network would put half a document in force, or none."""
    ends.become("slow")
    ends.put("first")

    async def work() -> None:
        source = SOURCES[name](ends)
        assert revision((await source.load()).text) == "first"
        changes = source.changes()
        async with asyncio.timeout(40):
            for word in ("second", "third"):
                await asyncio.to_thread(ends.put, word)
                await anext(changes)
                await found(source, changes, word)

    asyncio.run(work())


@pytest.mark.parametrize("name", SOURCES)
def test_nonsense_in_the_middle_is_told_and_got_over(ends: Ends, name: str) -> None:
    """Otherwise a proxy's bad minute would end the watching, or a kill switch thrown in it would never arrive."""
    ends.put("first")

    async def work() -> None:
        source = SOURCES[name](ends)
        await source.load()
        changes = source.changes()
        async with asyncio.timeout(60):
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
            await asyncio.to_thread(ends.become, "garbage")
            await waiting
            await unreadable(source, changes)
            await asyncio.to_thread(ends.put, "second")
            await asyncio.to_thread(ends.become, "through")
            await found(source, changes, "second")
            await asyncio.to_thread(ends.put, "third")
            await anext(changes)
            await found(source, changes, "third")

    asyncio.run(work())
