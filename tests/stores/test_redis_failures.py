"""What a Redis store does when its server is away, hangs, forgets or refuses."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from reliakit.errors import MissingExtraError
from reliakit.stores.protocol import Entry, StoreError, Write
from reliakit.stores.redis import RedisStore
from reliakit.testing.store_ground import append, end, following, present, publish
from tests.stores.valkey import Server, running

_TIMEOUT = 0.5


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "server") as one:
        yield one


@asynccontextmanager
async def using(url: str, within: float = _TIMEOUT) -> AsyncIterator[RedisStore]:
    store = RedisStore(url, timeout=within)
    try:
        async with asyncio.timeout(60):
            yield store
    finally:
        await store.close()


async def failure(store: RedisStore, call: Coroutine[Any, Any, object] | None = None) -> str:
    """Returns the message of a call that fails, and looks at how long it took and at what it must not say."""
    begun = time.monotonic()
    with pytest.raises(StoreError) as failed:
        await (call or store.last())
    assert time.monotonic() - begun < _TIMEOUT + 0.5
    assert store.name in str(failed.value)
    assert "secret" not in str(failed.value)
    return str(failed.value)


def test_a_server_that_hangs_is_given_up_in_time_and_used_again(server: Server) -> None:
    """Otherwise a hung store would hold up whoever asks it, or be avoided for ever."""

    async def work() -> None:
        async with using(server.url) as store:
            await append(store, "event")
            server.pause()
            for _ in range(2):  # on a connection that it had, and on a new one
                assert "did not answer within 0.5 s" in await failure(store)
            begun = time.monotonic()
            together = await asyncio.gather(*(store.last() for _ in range(20)), return_exceptions=True)
            assert all(isinstance(each, StoreError) for each in together)
            assert time.monotonic() - begun < _TIMEOUT + 0.5
            server.resume()
            assert await store.last() == Entry(1, "event")

    asyncio.run(work())


def test_one_that_accepts_and_never_answers() -> None:
    """Otherwise a port that something else listens on would hang every worker."""

    async def work() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with using(f"redis://:secret@127.0.0.1:{listener.getsockname()[1]}") as store:
                assert "did not answer within 0.5 s" in await failure(store)

    asyncio.run(work())


def test_nobody_listens(server: Server) -> None:
    """Otherwise nobody could tell a wrong port from a wrong password."""
    server.stop()

    async def work() -> None:
        async with using(f"redis://anna:secret@{server.name}/0") as store:
            said = await failure(store)
            assert "look at whether it runs, and listens there" in said

    asyncio.run(work())


def test_a_restart_in_the_middle_of_a_call_is_waited_for(server: Server) -> None:
    """Otherwise every restart of the server would be a failure in every worker."""

    async def work() -> None:
        async with using(server.url, within=10) as store:
            await append(store, "event")
            await asyncio.to_thread(server.kill)  # a loop that runs meanwhile hears of it
            calling = asyncio.create_task(publish(store, "w1", 1, {"ok": 1}))
            await asyncio.to_thread(server.start)
            assert (await calling).accepted

    asyncio.run(work())


@pytest.mark.parametrize("lose", ["kill", "flush"])
def test_a_server_that_lost_its_data_says_so_and_gives_no_number_again(server: Server, lose: str) -> None:
    """Otherwise counts would be lost for good, and a slow worker would overwrite a state that it has never seen."""

    async def work() -> None:
        async with using(server.url) as store:
            await publish(store, "w1", 1, {"ok": 5, "failed": 1})
            await store.commit([Write("k", "old", 0)], ["event"])
            before = await store.read([""])
            if lose == "kill":
                server.kill()
                await asyncio.to_thread(server.start)
            else:
                server.command("FLUSHALL")
            receipt = await publish(store, "w1", 2, {"ok": 6})
            assert (receipt.accepted, receipt.known) == (True, False)
            await publish(store, "w1", 3, {"ok": 7, "failed": 1})
            assert await present(store) == ({"ok": 7, "failed": 1}, {})
            assert await store.last() is None
            assert not await store.commit([Write("k", "lost", before.found["k"].version)])
            assert await store.commit([Write("k", "new", 0)], ["event"])
            after = await store.read([""])
            assert after.found["k"].version > before.found["k"].version
            assert after.revision > before.revision

    asyncio.run(work())


def test_scripts_that_the_server_forgot_are_sent_again(server: Server) -> None:
    """Otherwise a store would fail for ever after SCRIPT FLUSH."""

    async def work() -> None:
        async with using(server.url) as store:
            await append(store, "event")
            server.command("SCRIPT", "FLUSH")
            assert await store.last() == Entry(1, "event")

    asyncio.run(work())


def test_a_commit_whose_answer_is_lost_is_not_sent_again(server: Server) -> None:
    """Otherwise a decision that was made would be reported as lost to somebody else."""

    async def work() -> None:
        async with _cutting(server.port) as (port, cut), using(f"redis://127.0.0.1:{port}") as store:
            assert not await store.commit([Write("k", "text", 1)]), "now the server knows the script"
            cut.set()
            await failure(store, store.commit([Write("k", "text", 0)], ["event"]))
            cut.clear()
            assert await store.journal() == [Entry(1, "event")]
            assert (await store.read(["k"])).found["k"].text == "text"

    asyncio.run(work())


@asynccontextmanager
async def _cutting(port: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Forwards to a port; while the event is set, answers are not, and end the connection."""
    cut, forwarding = asyncio.Event(), set()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool) -> None:
        while (block := await reader.read(65_536)) and not (answers and cut.is_set()):
            writer.write(block)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        forwarding.add(asyncio.create_task(forward(reader, back, answers=False)))
        forwarding.add(asyncio.create_task(forward(there, writer, answers=True)))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1], cut
    await asyncio.gather(*forwarding)


@pytest.mark.parametrize("user", ["", ":", ":wrong-secret@", "anna:secret@"])
def test_a_password_that_is_wrong_or_missing(tmp_path: Path, user: str) -> None:
    """Otherwise a person would look for a network fault, or find the password in the log."""
    with running(tmp_path / "server") as server:
        server.command("CONFIG", "SET", "requirepass", "right")

        async def work() -> None:
            async with using(f"redis://{user.removesuffix(':')}{server.name}") as store:
                assert "look at the user and the password of its URL" in await failure(store)
            async with using(f"redis://:right@{server.name}") as store:
                await append(store, "event")

        asyncio.run(work())


def test_a_user_needs_its_namespace_and_scripts_only(server: Server) -> None:
    """Otherwise an operator could not give a store as little as it needs, or see what is missing."""
    rights = (
        "~{reliakit}:* resetchannels &{reliakit}:* -@all +@hash +@set +@sortedset +@list +@string +@keyspace"
    )
    server.command(
        "ACL", "SETUSER", "kit", "on", ">secret", *rights.split(), "+@scripting", "+@pubsub", "+time", "+ping"
    )
    server.command("ACL", "SETUSER", "other", "on", ">secret", "~other:*", "+@all")

    async def work() -> None:
        async with using(f"redis://kit:secret@{server.name}") as store:
            changes = store.changes()
            await anext(changes)
            waiting = following(changes)
            await append(store, "event", writes=[Write("k", "text", 0)])
            await publish(store, "w1", 1, {"ok": 1}, {"bad": {1}})
            await store.retire("w1", 0)
            assert await store.lease("l", "h", 1)
            await waiting
            await end(changes)
        async with using(f"redis://other:secret@{server.name}") as store:
            assert "let its user run scripts" in await failure(store)

    asyncio.run(work())


def test_a_replica_is_told_apart_and_used_when_it_is_promoted(server: Server) -> None:
    """Otherwise workers that a failover has left at the old server would stay there."""

    async def work() -> None:
        async with using(server.url) as store:
            await append(store, "event")
            server.command("CONFIG", "SET", "replica-serve-stale-data", "yes")
            server.command("REPLICAOF", "127.0.0.1", "1")
            said = await failure(store, publish(store, "w1", 1, {"ok": 1}))
            assert "it is a replica" in said
            server.command("REPLICAOF", "NO", "ONE")
            assert (await publish(store, "w1", 1, {"ok": 1})).accepted

    asyncio.run(work())


def test_a_server_without_memory_says_so_and_changes_nothing(server: Server) -> None:
    """Otherwise a report would be counted in part."""

    async def work() -> None:
        async with using(server.url) as store:
            await publish(store, "w1", 1, {"ok": 1})
            server.command("CONFIG", "SET", "maxmemory", "1")
            assert "look at maxmemory" in await failure(
                store, publish(store, "w1", 2, {"ok": 2, "failed": 1})
            )
            assert "look at maxmemory" in await failure(
                store, store.commit([Write("k", "text", 0)], ["event"])
            )
            server.command("CONFIG", "SET", "maxmemory", "0")
            assert await present(store) == ({"ok": 1}, {})
            assert await store.last() is None

    asyncio.run(work())


@pytest.mark.parametrize(("away", "back"), [(Server.kill, Server.start), (Server.pause, Server.resume)])
def test_whoever_listens_listens_again(
    server: Server, away: Callable[[Server], None], back: Callable[[Server], None], monkeypatch: Any
) -> None:
    """Otherwise after the first restart, or a firewall that forgot the connection, changes would be polled for ever."""
    monkeypatch.setattr("reliakit.drivers.redis_link._IDLE", 0.2)

    async def work() -> None:
        async with using(server.url) as store, using(server.url) as other:
            changes = store.changes()
            await anext(changes)
            waiting = following(changes)
            away(server)
            with pytest.raises(StoreError):
                await other.last()
            # The end of its patience, so that the server is found missing.
            await asyncio.wait([waiting], timeout=1.5)
            assert not waiting.done()
            await asyncio.to_thread(back, server)
            await waiting  # at once, for what may have come in between
            waiting = following(changes)
            await append(other, "event")
            await waiting
            await end(changes)

    asyncio.run(work())


def test_without_the_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a person would read about a module of ours that can't be imported."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'reliakit\[redis\]'"):
        RedisStore("redis://localhost")
