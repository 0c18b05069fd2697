"""What sources on servers do when those are stopped, slow, back again, or talk nonsense."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from reliakit import Reliakit
from reliakit.sources.http import HttpSource
from reliakit.sources.postgres import PostgresSource
from reliakit.sources.postgres_sql import definitions_sql
from reliakit.sources.protocol import Source, SourceError
from reliakit.sources.redis import RedisSource
from tests.servers.serving import until
from tests.sources.http_server import http_server
from tests.sources.places import DOCUMENT, NAMES, Place, places, revision
from tests.stores.postgres import Postgres
from tests.stores.valkey import Server


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    with places(tmp_path_factory.mktemp("valkey") / "server") as running:
        yield running


Servers = dict[str, Place]


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_hangs_is_given_up_in_time_and_read_again(servers: Servers, name: str) -> None:
    """Otherwise a hung server would hold up every load, or be avoided for ever."""
    place = servers[name]
    place.put("first")

    async def work() -> str:
        source = place.source(timeout=1.0)
        await source.load()
        await asyncio.to_thread(place.pause)
        try:
            begun = time.monotonic()
            with pytest.raises(SourceError, match="did not answer") as failed:
                await source.load()
            assert time.monotonic() - begun < 4
        finally:
            await asyncio.to_thread(place.resume)
        assert "s3cret" not in str(failed.value)
        return revision((await place.source(timeout=10).load()).text)

    assert asyncio.run(work()) == "first"


@pytest.mark.parametrize("name", NAMES)
def test_whoever_watches_is_told_that_a_server_is_gone_and_what_it_says_when_it_is_back(
    servers: Servers, name: str
) -> None:
    """Otherwise nobody would learn that flags are out of date, and a restart would end the watching."""
    place = servers[name]
    place.put("first")

    async def work() -> str:
        source = place.source(timeout=5)
        await source.load()
        changes = source.changes()
        async with asyncio.timeout(40):
            place.put("second")
            await anext(changes)
            await asyncio.to_thread(place.stop)
            await anext(changes)
            with pytest.raises(SourceError):
                await source.load()
            await asyncio.to_thread(place.mend)
            place.put("third")
            while True:
                await anext(changes)
                found = revision((await source.load()).text)
                if found == "third":
                    return found

    assert asyncio.run(work()) == "third"


@contextmanager
def saying(garbage: bytes) -> Iterator[int]:
    """A port that says the same to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    connection.recv(4096)
                    connection.sendall(garbage)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@pytest.mark.parametrize(
    "garbage", [b"", b"\0" * 100, b"$abc\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"]
)
@pytest.mark.parametrize(
    "make",
    [
        lambda port: HttpSource(f"http://user:s3cret@127.0.0.1:{port}/flags?key=s3cret", timeout=2),
        lambda port: RedisSource(f"redis://:s3cret@127.0.0.1:{port}", timeout=2),
        lambda port: PostgresSource(f"postgresql://user:s3cret@127.0.0.1:{port}/db", timeout=2),
    ],
    ids=NAMES,
)  # fmt: skip
def test_a_server_that_talks_nonsense_is_a_failure_that_keeps_secrets(
    make: Callable[[int], Source], garbage: bytes
) -> None:
    """Otherwise a wrong port would crash the watching, put a torn document in force, or show a password in the log."""
    with saying(garbage) as port:
        source = make(port)
        with pytest.raises(SourceError) as failed:
            asyncio.run(source.load())
    assert "s3cret" not in f"{failed.value} {source.name}"
    assert str(port) in str(failed.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_document_leaves_the_good_one_in_force(
    servers: Servers, name: str, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise a slip would take a fleet's flags away; and one that starts meanwhile would have none."""
    place = servers[name]
    place.put("good")
    assert kit_of(place.source(timeout=5)).revision == "good"
    place.put('bad", "flogs": "')
    kit = kit_of(place.source(timeout=5))
    assert kit.revision == "good"
    assert kit.status().problems[0].line == 1
    assert "flogs" in str(kit.status().problems[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_change_reaches_a_running_kit(servers: Servers, name: str, kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise all of this would work in tests of sources alone."""
    place = servers[name]
    place.put("before")
    kit = kit_of(place.source(timeout=5))
    assert not kit.enabled("absent", "anybody")  # which starts the engine
    for word in ("after", "later"):
        place.put(word)
        until(lambda word=word: kit.revision == word)  # type: ignore[misc]


def test_a_cold_start_without_network_runs_on_the_last_good_copy(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise a worker that is born while the server is away would know no flags."""
    with http_server() as server:
        server.put(DOCUMENT)
        assert kit_of(server.url).revision == "REVISION"
        server.stop()
        kit = kit_of(server.url)
        assert kit.revision == "REVISION"
        assert "it runs" in str(kit.status().problems[0]) or "reached" in str(kit.status().problems[0])


def test_tables_and_keys_that_hold_nothing_or_too_much_say_so(servers: Servers) -> None:
    """Otherwise a worker would fill its memory, or take an empty table for no flags."""
    valkey, postgres = servers["valkey"].server, servers["postgres"].server
    assert isinstance(valkey, Server)
    assert isinstance(postgres, Postgres)
    valkey.command("SET", "huge", "x" * (2 << 20) + "y")
    valkey.command("LPUSH", "list", "x")
    postgres.sql(definitions_sql("hollow") + definitions_sql("huge"))
    postgres.sql("INSERT INTO huge (text) SELECT repeat('x', 2097153)")
    for source, said in [
        (RedisSource(valkey.url, "none"), "no such key"),
        (RedisSource(valkey.url, "huge"), "more than 2,097,152 bytes"),
        (RedisSource(valkey.url, "list"), "WRONGTYPE"),
        (PostgresSource(postgres.url(), "hollow", timeout=5), "the table is empty"),
        (PostgresSource(postgres.url(), "huge", timeout=5), "row 1: more than 2,097,152 bytes"),
        (PostgresSource(postgres.url(), "absent", auto_migrate=False, timeout=5), "no such table"),
    ]:
        with pytest.raises(SourceError, match=said):
            asyncio.run(source.load())  # type: ignore[attr-defined]


def test_history_stays_and_the_newest_row_wins(servers: Servers) -> None:
    """Otherwise nobody could tell what was in force yesterday, or who changed it."""
    server = servers["postgres"].server
    assert isinstance(server, Postgres)
    source = PostgresSource(server.url(), "kept.history", timeout=5)
    server.sql("CREATE SCHEMA kept")
    with pytest.raises(SourceError, match="the table is empty"):
        asyncio.run(source.load())  # which makes the table
    for text in ("format: 1", "format: 2"):
        server.sql(f"INSERT INTO kept.history (text) VALUES ('{text}')")
    content = asyncio.run(source.load())
    assert (content.text, content.format, content.name) == (b"format: 2", "yaml", f"{source.name}, row 2")
    rows = server.sql("SELECT text, author, created_at IS NOT NULL FROM kept.history ORDER BY id")
    assert rows == [("format: 1", "reliakit", True), ("format: 2", "reliakit", True)]


def test_reading_is_all_that_a_worker_may_have_to_be_allowed(servers: Servers) -> None:
    """Otherwise every worker would need the right to change the flags that it reads."""
    server = servers["postgres"].server
    assert isinstance(server, Postgres)
    server.sql("CREATE ROLE reader LOGIN")
    source = PostgresSource(server.url(user="reader"), "flags", timeout=5)
    with pytest.raises(SourceError, match="let its user SELECT"):
        asyncio.run(source.load())
    server.sql("GRANT SELECT ON flags TO reader")
    servers["postgres"].put("seen")
    assert revision(asyncio.run(source.load()).text) == "seen"
