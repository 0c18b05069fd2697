"""One of two servers fails while the other is well: what a source made of both says meanwhile, and afterwards."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import permutations

import pytest

from reliakit.sources.failover import Failover
from reliakit.sources.overlay import Overlay
from reliakit.sources.protocol import Source
from tests.sources.ends import Ends, Mishap, ends, found, unreadable
from tests.sources.places import NAMES, revision

MISHAPS: tuple[Mishap, ...] = ("killed", "paused", "garbage")
CASES = [
    # A Latin square: every pair and every mishap is met in `make test`, all of them with each other in `make soak`.
    pytest.param(first, second, mishap, marks=() if (at + turn) % 3 == 0 else pytest.mark.soak)
    for at, (first, second) in enumerate(permutations(NAMES, 2))
    for turn, mishap in enumerate(MISHAPS)
]
each_pair = pytest.mark.parametrize(("first", "second", "mishap"), CASES)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    with ends(tmp_path_factory.mktemp("valkey") / "server") as running:
        yield running


@pytest.fixture(autouse=True)
def _sound_again(servers: Ends) -> Iterator[None]:
    yield
    servers.mend()


async def _noticed(servers: Ends, source: Source, mishap: Mishap, name: str) -> AsyncIterator[None]:
    """Lets it befall a server, and returns the changes of a source that has noticed."""
    changes = source.changes()
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    await asyncio.to_thread(servers.befall, mishap, [name])
    await waiting
    return changes


@each_pair
def test_a_failover_goes_on_with_the_second_and_comes_back(
    servers: Ends, first: str, second: str, mishap: Mishap
) -> None:
    """Otherwise a spare server would be of no use in one of the ways in which servers fail, or be read for ever."""
    servers.expect(mishap)
    servers.put("first", [first])
    servers.put("second", [second])

    async def work() -> None:
        source = Failover(servers.on(first), servers.on(second), back=0.1)
        assert revision((await source.load()).text) == "first"
        async with asyncio.timeout(60):
            changes = await _noticed(servers, source, mishap, first)
            await found(source, changes, "second")
            await asyncio.to_thread(servers.put, "third", [second])
            await found(source, changes, "third")
            await asyncio.to_thread(servers.mend, [first])
            await asyncio.to_thread(servers.put, "fourth", [first])
            await found(source, changes, "fourth")

    asyncio.run(work())


@each_pair
def test_an_overlay_says_that_either_is_gone_and_has_both_again(
    servers: Ends, first: str, second: str, mishap: Mishap
) -> None:
    """Otherwise half a document would be in force, or an edit after the restart would never arrive."""
    servers.expect(mishap)
    servers.put("base", [first])
    servers.put("over", [second])

    async def work() -> None:
        source = Overlay(servers.on(first), servers.on(second))
        assert [revision(layer.text) for layer in (await source.load()).layers] == ["base"]
        async with asyncio.timeout(60):
            changes = await _noticed(servers, source, mishap, first)
            await unreadable(source, changes)
            await asyncio.to_thread(servers.mend, [first])
            await asyncio.to_thread(servers.put, "later", [first])
            await asyncio.to_thread(servers.put, "latest", [second])
            await found(source, changes, "latest")
            [base] = (await source.load()).layers
            assert revision(base.text) == "later"

    asyncio.run(work())


@each_pair
def test_a_failover_is_not_disturbed_by_its_spare(
    servers: Ends, first: str, second: str, mishap: Mishap
) -> None:
    """Otherwise a second place for the definitions would double what can go wrong."""
    servers.expect(mishap)
    servers.put("first", [first])
    servers.put("second", [second])

    async def work() -> None:
        source = Failover(servers.on(first), servers.on(second), back=0.1)
        await source.load()
        changes = source.changes()
        async with asyncio.timeout(60):
            await asyncio.to_thread(servers.befall, mishap, [second])
            assert revision((await source.load()).text) == "first"
            await asyncio.to_thread(servers.put, "new", [first])
            await found(source, changes, "new")

    asyncio.run(work())
