"""What the Redis store keeps on its server, and the ways to get there."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reliakit.stores.protocol import StoreError, Write
from reliakit.stores.redis import RedisStore
from reliakit.testing.store_ground import append, present, publish
from tests.stores.valkey import Server, running, wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("valkey")
    with running(folder / "server", f"unixsocket {folder}/socket") as one:
        yield one


def test_marks_and_tombstones_and_leases_end(server: Server) -> None:
    """Otherwise a server would fill up with what nobody reads any more, or forget the dead and count them again."""

    async def work() -> None:
        store = RedisStore(server.url, "ending")
        await publish(store, "w1", 1, {"ok": 1}, {"bad": {1}})
        await store.retire("w1", 0)
        await store.lease("fold", "w1", 30)
        await store.close()

    asyncio.run(work())
    stay = {
        name: server.command("TTL", f"{{ending}}:{name}")
        for name in ("mark:bad", "tombstone:w1", "lease:fold")
    }
    assert 180 < stay["mark:bad"] < 86_400
    assert 86_400 < stay["tombstone:w1"] < 30 * 86_400
    assert 0 < stay["lease:fold"] <= 30
    assert server.command("EXISTS", "{ending}:rows:w1") == 0


def test_marks_that_ended_leave_no_trace(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every incident of the past would be looked up at each read."""
    monkeypatch.setattr("reliakit.stores.redis._MARKS_STAY", 1)

    async def work() -> None:
        store = RedisStore(server.url, "marks")
        await publish(store, "w1", 1, {}, {"bad": {1}})
        assert await present(store) == ({}, {"bad": 1})
        async with asyncio.timeout(20):
            while (await store.totals()).marks:
                await asyncio.sleep(0.05)
        await publish(store, "w1", 2)
        await store.close()

    asyncio.run(work())
    assert server.command("EXISTS", "{marks}:marks") == 0
    wait_for(lambda: server.command("EXISTS", "{marks}:mark:bad") == 0)


def test_odd_counts_beyond_53_bits_are_exact(server: Server) -> None:
    """Otherwise the numbers of Lua, which are floats, would round what they add."""

    async def work() -> None:
        store = RedisStore(server.url, "large")
        for sequence, total in enumerate((2**53 + 1, 2**61 - 3, 2**61 + 1), 1):
            await publish(store, "w1", sequence, {"n": total})
            assert await present(store) == ({"n": total}, {})
        await publish(store, "w2", 1, {"n": 2**60 + 1})
        await store.absorb("n", "m")
        assert await present(store) == ({"m": 2**61 + 2**60 + 2}, {})
        await store.close()

    asyncio.run(work())


def test_all_keys_are_in_the_namespace(server: Server) -> None:
    """Otherwise a store would disturb what else lives on the server, and not fit into a slot of a cluster."""
    server.command("FLUSHALL")

    async def work() -> None:
        store = RedisStore(server.url, "shop")
        await store.commit([Write("k", "text", 0)], ["event"])
        await publish(store, "w{1}", 1, {"o{k}": 1}, {"b{a}d": {1}})
        await publish(store, "w2", 1)
        await store.retire("w2", 0)
        await store.lease("{fold}", "w1", 30)
        await store.close()

    asyncio.run(work())
    keys = server.command("KEYS", "*")
    assert len(keys) >= 10
    assert all(key.startswith("{shop}:") for key in keys)


def test_a_store_is_reached_by_a_socket_and_in_a_database_of_its_own(server: Server) -> None:
    """Otherwise the URL that an operator has would not do."""

    async def work() -> None:
        for url in (f"unix://{server.folder.parent}/socket?db=2", f"{server.url}/2"):
            store = RedisStore(url, "there")
            await append(store, "event")
            await store.close()

    asyncio.run(work())
    assert "db2" in server.command("INFO", "keyspace")


def test_a_store_is_reached_by_tls(server: Server, tmp_path: Path) -> None:
    """Otherwise a password would go over the network for all to read."""
    certificate = _certificate(tmp_path)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(65_536):
            writer.write(block)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", server.port)
        both.extend(map(asyncio.create_task, (forward(reader, back), forward(there, writer))))

    async def work() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, tmp_path / "key.pem")
        async with await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context) as listening:
            url = f"rediss://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            trusting = RedisStore(f"{url}?ssl_ca_certs={certificate}", "tls")
            await append(trusting, "event")
            await trusting.close()
            wary = RedisStore(url, "tls")
            with pytest.raises(StoreError, match="look at the certificates"):
                await wary.last()
            await wary.close()
        await asyncio.gather(*both)

    both: list[asyncio.Task] = []
    asyncio.run(work())


def _certificate(folder: Path) -> Path:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl to make a certificate with")
    made = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout {folder}/key.pem -out {folder}/cert.pem"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([program, *made.split(), *names], check=True, capture_output=True)
    return folder / "cert.pem"


def test_a_lease_of_before_the_clock_went_back_holds_for_nobody(server: Server) -> None:
    """Otherwise no release is decided about for as long as the server's clock was wrong."""

    async def work() -> None:
        store, lease = RedisStore(server.url, "clock"), "{clock}:lease:fold"
        assert await store.lease("fold", "dead", 5)
        server.command("PEXPIRE", lease, "7000")
        assert not await store.lease("fold", "other", 60), "a few seconds back are nothing"
        server.command("PEXPIRE", lease, "3605000")
        assert await store.lease("fold", "other", 60)
        await store.release("fold", "dead")
        assert not await store.lease("fold", "third", 5), "who has lost it can't give it back"
        await store.close()

    asyncio.run(work())
