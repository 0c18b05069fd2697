"""Every source on a server, and every combination of them, over wires that are slow, carry nonsense, and recover."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.sources.ends import SOURCES, Ends, ends, found, unreadable
from tests.sources.places import revision


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    with ends(tmp_path_factory.mktemp("valkey") / "server") as running:
        yield running


@pytest.fixture(autouse=True)
def _sound_again(servers: Ends) -> Iterator[None]:
    yield
    servers.mend()


@pytest.mark.parametrize("name", SOURCES)
def test_what_comes_slowly_comes_whole(servers: Ends, name: str) -> None:
    """Otherwise a busy network would put half a document in force, or none."""
    servers.befall("slow")
    servers.put("first")

    async def work() -> None:
        source = SOURCES[name].make(servers)
        assert revision((await source.load()).text) == "first"
        changes = source.changes()
        async with asyncio.timeout(40):
            for word in ("second", "third"):
                await asyncio.to_thread(servers.put, word)
                await anext(changes)
                await found(source, changes, word)

    asyncio.run(work())


@pytest.mark.parametrize("name", SOURCES)
def test_nonsense_in_the_middle_is_told_and_got_over(servers: Ends, name: str) -> None:
    """Otherwise a proxy's bad minute would end the watching, or a kill switch thrown in it would never arrive."""
    servers.put("first")

    async def work() -> None:
        source = SOURCES[name].make(servers)
        await source.load()
        changes = source.changes()
        async with asyncio.timeout(60):
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
            await asyncio.to_thread(servers.befall, "garbage")
            await waiting
            await unreadable(source, changes)
            await asyncio.to_thread(servers.put, "second")
            await asyncio.to_thread(servers.mend)
            await found(source, changes, "second")
            await asyncio.to_thread(servers.put, "third")
            await anext(changes)
            await found(source, changes, "third")

    asyncio.run(work())
