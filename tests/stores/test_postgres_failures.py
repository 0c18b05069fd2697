"""What a worker meets when the database goes away, and that it finds its way back."""

import asyncio
import socket
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import psycopg
import pytest

from reliakit.stores.postgres import PostgresStore
from reliakit.stores.protocol import Report, Store, StoreError, Write
from reliakit.testing.store_ground import present, publish
from tests.servers.serving import until
from tests.stores.postgres import Postgres

Call = Callable[[Store], Coroutine[Any, Any, object]]

CALLS: dict[str, Call] = {
    "publish": lambda store: store.publish(Report("w", 10, {"ok": 1})),
    "totals": lambda store: store.totals(),
    "retire": lambda store: store.retire("w", 60),
    "absorb": lambda store: store.absorb("a/", "b/"),
    "read": lambda store: store.read([""]),
    "commit": lambda store: store.commit([Write("k", "text", 0)]),
    "last": lambda store: store.last(),
    "journal": lambda store: store.journal(),
    "prune": lambda store: store.prune(1),
    "lease": lambda store: store.lease("l", "h", 1),
    "release": lambda store: store.release("l", "h"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    started = Postgres()
    yield started
    started.stop()


@pytest.fixture
def store(server: Postgres) -> PostgresStore:
    server.sql("DROP SCHEMA IF EXISTS failures CASCADE")
    return PostgresStore(server.url(), "failures", timeout=10)


@pytest.fixture
def hasty(server: Postgres, store: PostgresStore) -> PostgresStore:
    """The same with little patience, so that a test needs little too."""
    return PostgresStore(server.url(), "failures", timeout=0.3)


@asynccontextmanager
async def _closing(store: Store) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await store.close()


@contextmanager
def _paused(server: Postgres) -> Iterator[None]:
    server.pause()
    try:
        yield
    finally:
        server.resume()


async def _refused(call: Awaitable[object], within: float) -> str:
    begun = time.monotonic()
    with pytest.raises(StoreError) as failed:
        await call
    assert time.monotonic() - begun < within
    return str(failed.value)


@pytest.mark.parametrize("name", CALLS)
def test_a_server_that_hangs_holds_no_call_longer_than_the_timeout(server, store, hasty, name):
    """Otherwise a hung database would keep a worker from noticing a kill switch."""

    async def work() -> None:
        async with _closing(store), _closing(hasty):
            await publish(store, "w", 1, {"ok": 1})
            await _back(hasty)
            with _paused(server):
                for _ in range(2):  # on the open connection, and on a new one
                    said = await _refused(CALLS[name](hasty), 1.0)
                    assert "did not answer within 0.3 s" in said
                    assert f"127.0.0.1:{server.port}/postgres" in said
                    assert "s3cret" not in said
            await _back(hasty)
            assert (await publish(store, "w", 11, {"ok": 5})).accepted
            assert (await present(store))[0] == {"ok": 5}

    asyncio.run(work())


async def _back(store: Store) -> None:
    """Waits until a server that went on again answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                await store.last()
                return
            except StoreError:
                await asyncio.sleep(0.01)


def test_a_listener_that_accepts_and_never_answers_holds_nobody():
    """Otherwise a port that another service took, or a dead proxy, would hang each worker's start."""

    async def work(port: int) -> None:
        store = PostgresStore(f"postgresql://reliakit:s3cret@127.0.0.1:{port}/db", timeout=0.3)
        async with _closing(store), aclosing(store.changes()) as changes:
            watching = asyncio.ensure_future(anext(changes))
            answers = await asyncio.gather(*(_refused(call(store), 1.0) for call in CALLS.values()))
            assert all(f"127.0.0.1:{port}/db did not answer" in said for said in answers)
            watching.cancel()
            await asyncio.wait([watching])

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        asyncio.run(work(silent.getsockname()[1]))


def test_a_port_without_a_server_is_named_without_the_password():
    """Otherwise the log would show a password, or not say where nobody answered."""

    async def work(port: int) -> str:
        store = PostgresStore(f"postgresql://reliakit:s3cret@127.0.0.1:{port}/db?connect_timeout=2")
        async with _closing(store):
            return await _refused(store.last(), 2.0)

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        said = asyncio.run(work(unused.getsockname()[1]))
    assert "127.0.0.1" in said
    assert "refused" in said
    assert "check that the server runs" in said
    assert "s3cret" not in said


def test_a_restart_between_two_calls_is_not_noticed(server, store):
    """Otherwise each minor update of the server would fail one call of each worker."""

    async def work() -> None:
        async with _closing(store):
            await publish(store, "w", 1, {"ok": 1})
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            assert (await publish(store, "w", 2, {"ok": 2})).known

    asyncio.run(work())


@pytest.mark.parametrize("name", CALLS)
def test_a_server_that_dies_within_a_call_says_so_and_the_next_call_works(server, store, name):
    """Otherwise a crash of the server would be taken for a bug of ours, or the worker never come back."""

    async def work() -> None:
        async with _closing(store):
            await publish(store, "w", 1, {"ok": 1})
            server.pause()
            asked = asyncio.ensure_future(CALLS[name](store))
            await asyncio.sleep(0)
            await asyncio.to_thread(server.kill)
            said = await _refused(asked, 2.0)
            assert f"127.0.0.1:{server.port}/postgres" in said
            await asyncio.to_thread(server.start)
            assert (await publish(store, "w", 11, {"ok": 2})).known

    asyncio.run(work())


def test_pushes_come_back_with_the_server(server, store):
    """Otherwise after one restart of the database a kill switch would wait for the poll, for ever."""

    async def work() -> None:
        async with _closing(store), aclosing(store.changes()) as changes, asyncio.timeout(30):
            await anext(changes)
            coming = asyncio.ensure_future(anext(changes))
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await coming  # told that something may have been missed
            coming = asyncio.ensure_future(anext(changes))
            await store.commit([Write("k", "text", 0)])
            await coming

    asyncio.run(work())


def test_a_call_that_is_given_up_meets_no_later_one(server, store):
    """Otherwise an answer that nobody waits for any more would be taken for that of the next question."""

    async def work() -> None:
        async with _closing(store):
            await store.commit([Write("k", "text", 0)], ["event"], 0)
            with _paused(server):
                asked = asyncio.ensure_future(store.last())
                await asyncio.sleep(0.05)
                begun = time.monotonic()
                asked.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asked
                assert time.monotonic() - begun < 0.5, "a cancellation waits for no server"
            assert (await store.read(["k"])).found["k"].text == "text"

    asyncio.run(work())


def test_a_lock_that_somebody_forgot_is_named(server, store):
    """Otherwise nobody would find the open transaction that keeps a release from going on."""

    async def work() -> None:
        async with _closing(store):
            await store.commit([Write("k", "text", 0)])
            async with _holding(server, "SELECT * FROM failures.head FOR UPDATE"):
                said = await _refused(store.commit([Write("k", "other", 1)]), 8.0)
                assert "pg_stat_activity" in said
                assert (await publish(store, "w", 1, {"ok": 1})).accepted, "what needs no such lock goes on"
            assert await store.commit([Write("k", "other", 1)])

    asyncio.run(work())


def test_calls_that_wait_for_a_lock_pile_up_no_sessions(server, store, hasty):
    """Otherwise a person's open transaction would take all of the server's connections, one for each try."""

    async def work() -> None:
        async with _closing(store), _closing(hasty):
            await store.last()
            await _back(hasty)
            async with _holding(server, "SELECT * FROM failures.head FOR UPDATE"):
                for _ in range(3):
                    await _refused(hasty.commit([Write("k", "text", 0)]), 1.0)
                assert server.sql(_WAITING) != [(0,)]
                await asyncio.to_thread(until, lambda: server.sql(_WAITING) == [(0,)])

    asyncio.run(work())


_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def test_what_the_server_undid_because_of_others_is_done_again(server, store):
    """Otherwise on a database that is set to strict isolation a decision would be lost when two come at once."""
    strict = PostgresStore(
        server.url() + "?options=-c%20default_transaction_isolation%3Dserializable", "failures"
    )

    async def work() -> None:
        async with _closing(store), _closing(strict):
            await store.commit([Write("k", "text", 0)])
            async with _holding(server, "UPDATE failures.head SET version = version + 1"):
                committing = asyncio.ensure_future(strict.commit([Write("other", "text", 0)]))
                await asyncio.to_thread(until, lambda: server.sql(_WAITING) != [(0,)])
            assert await committing

    asyncio.run(work())


@asynccontextmanager
async def _holding(server: Postgres, statement: str) -> AsyncIterator[None]:
    """Keeps what a statement has locked, as a person does who goes to lunch, and commits in the end."""
    async with await psycopg.AsyncConnection.connect(server.url()) as somebody:
        await somebody.execute(statement.encode())
        yield
        await somebody.commit()


def test_a_closed_store_leaves_no_connection_behind(server, store):
    """Otherwise restarts of the engine would use up the server's connections."""

    async def work() -> None:
        async with aclosing(store.changes()) as changes:
            await anext(changes)
            await publish(store, "w", 1, {"ok": 1})
            await store.close()
            await asyncio.to_thread(_until_alone, server)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(work())


def _until_alone(server: Postgres) -> None:
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reliakit'"
    until(lambda: server.sql(ours) == [(0,)])
