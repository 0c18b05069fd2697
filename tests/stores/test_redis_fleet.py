"""The Redis store finds the server that has its keys, also when that is another one than before."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from reliakit.stores.protocol import Entry, StoreError, Write
from reliakit.stores.redis import RedisStore
from reliakit.testing.store_ground import append, end, following, present, publish
from tests.stores.valkey import Server, cluster, sentinels


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[list[Server], list[Server]]]:
    with sentinels(tmp_path) as servers:
        yield servers


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Server]]:
    with cluster(tmp_path) as three:
        yield three


def url(kind: str, servers: list[Server], path: str = "") -> str:
    return f"redis+{kind}://{','.join(server.name for server in servers)}{path}"


async def until_it_works(store: RedisStore, writes: list[Write]) -> None:
    """Asks again, as callers do."""
    async with asyncio.timeout(60):
        while True:
            try:
                assert await store.commit(writes)
                return
            except StoreError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("away", ["kill", "pause"])
def test_a_replica_takes_over(watched: tuple[list[Server], list[Server]], away: str) -> None:
    """Otherwise workers would be without a store, or write to one that nobody reads, after every failover."""
    watching, (primary, replica) = watched

    async def work() -> None:
        store = RedisStore(url("sentinel", watching, "/main"), timeout=1.0)
        changes = store.changes()
        await anext(changes)
        await append(store, "before")
        await publish(store, "w1", 1, {"ok": 3})
        await asyncio.to_thread(_caught_up, primary)
        getattr(primary, away)()
        await until_it_works(store, [Write("k", "text", 0)])
        assert replica.command("ROLE")[0] == "master"
        assert (await present(store), await store.last()) == (({"ok": 3}, {}), Entry(1, "before"))
        if away == "pause":  # the old primary believes in itself until a sentinel has told it
            primary.resume()
        await until_it_works(store, [Write("other", "text", 0)])
        await _hears(store, changes)
        await store.close()

    asyncio.run(work())


def _caught_up(primary: Server) -> None:
    assert primary.command("WAIT", 1, 20_000) == 1


async def _hears(store: RedisStore, changes) -> None:
    async with asyncio.timeout(60):
        for _ in range(2):
            waiting = following(changes)
            while not waiting.done():
                await append(store, "event")
                await asyncio.wait([waiting], timeout=0.2)
        await end(changes)


def test_sentinels_that_hang_or_are_gone_are_passed_over(watched: tuple[list[Server], list[Server]]) -> None:
    """Otherwise the loss of one watcher would be the loss of the store."""
    watching, _ = watched
    watching[0].kill()
    watching[1].pause()

    async def work() -> None:
        for _ in range(5):  # they are asked in any order
            store = RedisStore(url("sentinel", watching, "/main"), timeout=2.0)
            await append(store, "event")
            await store.close()

    asyncio.run(work())


def test_a_service_that_no_sentinel_knows(watched: tuple[list[Server], list[Server]]) -> None:
    """Otherwise a slip of the pen in the URL would look like a network fault."""

    async def work() -> None:
        store = RedisStore(url("sentinel", watched[0], "/mian"), timeout=1.0)
        with pytest.raises(StoreError, match="no sentinel knows a server called mian; look at"):
            await store.last()
        await store.close()

    asyncio.run(work())


def test_every_node_of_a_cluster_can_have_the_keys_and_any_can_be_asked(nodes: list[Server]) -> None:
    """Otherwise a store would work or not by the name of its namespace, or die with a node that it does not need."""

    async def work() -> None:
        for node in nodes:
            namespace = _of(node, nodes)
            for asked in nodes:
                store = RedisStore(url("cluster", [asked]), namespace)
                await append(store, "event")
                await store.close()
            assert node.command("EXISTS", f"{{{namespace}}}:meta") == 1
        nodes[0].pause()
        store = RedisStore(url("cluster", nodes), _of(nodes[1], nodes))
        await append(store, "event")
        await store.close()
        nodes[0].resume()

    asyncio.run(work())


def test_keys_that_move_to_another_node_are_followed(nodes: list[Server]) -> None:
    """Otherwise the store would be lost whenever a cluster grows."""
    namespace = _of(nodes[0], nodes)

    async def work() -> None:
        store = RedisStore(url("cluster", [nodes[0]]), namespace)
        changes = store.changes()
        await anext(changes)
        await append(store, "before")
        await asyncio.to_thread(_move, nodes[0], nodes[1], namespace, nodes)
        assert await store.last() == Entry(1, "before")
        await append(store, "after")
        assert nodes[1].command("EXISTS", f"{{{namespace}}}:meta") == 1
        await _hears(store, changes)
        await store.close()

    asyncio.run(work())


def _move(here: Server, there: Server, namespace: str, nodes: list[Server]) -> None:
    """Moves a slot with its keys, as the tools of clusters do."""
    slot, ids = (
        key_slot(f"{{{namespace}}}:".encode()),
        {at: at.command("CLUSTER", "MYID") for at in (here, there)},
    )
    there.command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[here])
    here.command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[there])
    keys = here.command("CLUSTER", "GETKEYSINSLOT", slot, 100)
    here.command("MIGRATE", "127.0.0.1", there.port, "", 0, 5_000, "KEYS", *keys)
    for node in (there, here, *nodes):
        node.command("CLUSTER", "SETSLOT", slot, "NODE", ids[there])


def _of(node: Server, nodes: list[Server]) -> str:
    """Returns a namespace whose keys are kept by a node."""
    at, number = nodes.index(node), len(nodes)
    first, last = 16_384 * at // number, 16_384 * (at + 1) // number
    return next(
        name
        for name in map("app{}".format, range(1_000))
        if first <= key_slot(f"{{{name}}}:".encode()) < last
    )
