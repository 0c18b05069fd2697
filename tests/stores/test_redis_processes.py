"""The Redis store under several processes, forks and loops."""

import asyncio
import gc
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Iterator
from statistics import median

import pytest

from reliakit.stores.redis import RedisStore
from reliakit.testing.store_ground import append, end, following, present, publish
from tests.stores.valkey import Server, running, wait_for

_REPORTS = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("valkey") / "server") as one:
        yield one


def _publishes(url: str, worker: str) -> None:
    async def work() -> None:
        store = RedisStore(url, "counting")
        for sequence in range(1, _REPORTS + 1):
            await publish(
                store, worker, sequence, {"ok": sequence, worker: 2 * sequence}, {"bad": {sequence}}
            )
        await store.close()

    asyncio.run(work())


def test_processes_that_publish_at_once_are_counted_exactly(server: Server) -> None:
    """Otherwise a release would be judged by what the fastest worker has seen."""
    spawning = multiprocessing.get_context("spawn")
    workers = [spawning.Process(target=_publishes, args=(server.url, f"w{at}")) for at in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0

    async def work() -> None:
        store = RedisStore(server.url, "counting")
        sums = {"ok": 2 * _REPORTS, "w0": 2 * _REPORTS, "w1": 2 * _REPORTS}
        assert await present(store) == (sums, {"bad": _REPORTS})
        await store.close()

    asyncio.run(work())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_has_connections_of_its_own(server: Server) -> None:
    """Otherwise a parent and its forked workers would read each other's answers."""
    store = RedisStore(server.url, "forking")

    def child() -> int:
        asyncio.run(_appends(store, "child"))
        return 0

    async def work() -> None:
        await append(store, "parent")
        changes = store.changes()
        await anext(changes)
        waiting = following(changes)
        pid = os.fork()
        if pid == 0:
            os._exit(_exit_of(child))
        _, status = await asyncio.to_thread(os.waitpid, pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        async with asyncio.timeout(20):
            await waiting
        await _appends(store, "parent")
        await end(changes)
        await store.close()
        texts = [entry.text for entry in await store.journal()]
        assert sorted(texts) == ["child"] * 20 + ["parent"] * 21
        await store.close()

    asyncio.run(work())


def _exit_of(child) -> int:
    try:
        return child()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1


async def _appends(store: RedisStore, text: str) -> None:
    for _ in range(20):
        await append(store, text)


def test_loops_that_end_leave_no_connection_open(server: Server) -> None:
    """Otherwise each loop of a process would leave two sockets behind, and warnings in people's tests."""
    store = RedisStore(server.url, "loops")

    async def work() -> None:
        changes = store.changes()
        await anext(changes)
        await append(store, "event")
        held.append(changes)

    def clients() -> int:
        return len(server.command("CLIENT", "LIST"))

    held: list = []
    before = clients()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            asyncio.run(work())
        gc.collect()
    wait_for(lambda: clients() <= before)
    assert store._links == {}


def test_a_change_is_pushed_well_within_a_poll(server: Server) -> None:
    """Otherwise a kill switch would take as long as a poll, and pushing would be for nothing."""

    async def work() -> list[float]:
        one, two, times = RedisStore(server.url, "pushing"), RedisStore(server.url, "pushing"), []
        changes = two.changes()
        await anext(changes)
        for _ in range(20):
            waiting = following(changes)
            begun = time.monotonic()
            await append(one, "event")
            async with asyncio.timeout(10):
                await waiting
            times.append(time.monotonic() - begun)
        await end(changes)
        await asyncio.gather(one.close(), two.close())
        return times

    assert median(asyncio.run(work())) < 0.3
