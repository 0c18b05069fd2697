"""What is particular to the PostgreSQL store: its tables, its URL, what it tidies up."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from itertools import count

import pytest

from reliakit.drivers.postgres_address import address
from reliakit.errors import MissingExtraError, UsageError
from reliakit.stores.postgres import PostgresStore
from reliakit.stores.postgres_schema import FORMAT, migration_sql
from reliakit.stores.protocol import StoreError, Write
from reliakit.testing.store_ground import append, present, publish
from tests.stores.postgres import Postgres

_schemas = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    started = Postgres()
    yield started
    started.stop()


@pytest.fixture
def schema() -> str:
    return f"particular_{next(_schemas)}"


@asynccontextmanager
async def _open(server: Postgres, schema: str, **options) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(options.pop("url", server.url()), schema, **options)
    try:
        yield store
    finally:
        await store.close()


def _tried(server: Postgres, schema: str, **options) -> None:
    async def work() -> None:
        async with _open(server, schema, **options) as store:
            await append(store, "event")

    asyncio.run(work())


def test_without_leave_to_migrate_it_says_who_can(server, schema):
    """Otherwise a fleet whose database belongs to somebody else could not start, nor know why."""
    with pytest.raises(StoreError, match="reliakit store migrate --sql"):
        _tried(server, schema, auto_migrate=False)
    server.sql(migration_sql(schema))
    _tried(server, schema, auto_migrate=False)


def test_what_an_owner_runs_may_run_again(server, schema):
    """Otherwise a migration that is part of each deploy would fail at the second, or empty the store."""
    server.sql(migration_sql(schema))
    _tried(server, schema, auto_migrate=False)
    server.sql(migration_sql(schema))
    assert server.sql(f"SELECT number, text FROM {schema}.journal") == [(1, "event")]


def test_a_role_with_the_grants_of_the_script_can_do_everything(server, schema):
    """Otherwise the store would ask for rights that nobody gives a web service."""
    server.sql(migration_sql(schema))
    server.sql("DROP ROLE IF EXISTS service; CREATE ROLE service LOGIN")
    url = server.url(user="service")
    with pytest.raises(StoreError, match=r"permission denied.*migrate --sql"):
        _tried(server, schema, url=url)
    grants = [line for line in migration_sql(schema).splitlines() if line.startswith("-- GRANT")]
    server.sql("\n".join(grants).replace("-- ", "").replace("their_role", "service"))

    async def work() -> None:
        async with _open(server, schema, url=url) as store:
            await publish(store, "w", 1, {"a/ok": 1}, {"bad": {1}})
            await store.absorb("a/", "b/")
            await append(store, "event", writes=[Write("k", "text", 0)])
            await store.prune(5)
            assert await store.lease("l", "h", 60)
            assert await store.retire("w", 0)
            assert await present(store) == ({"b/ok": 1}, {"bad": 1})

    asyncio.run(work())
    server.sql("DROP OWNED BY service; DROP ROLE service")


def test_a_later_format_is_used_where_it_can_be_and_left_alone_where_not(server, schema):
    """Otherwise reliakit could not be rolled back, or an old version would damage what a new one keeps."""
    _tried(server, schema)
    server.sql(f"UPDATE {schema}.format SET format = {FORMAT + 1}")
    _tried(server, schema)
    assert server.sql(f"SELECT format FROM {schema}.format") == [(FORMAT + 1,)]
    server.sql(f"UPDATE {schema}.format SET readable = {FORMAT + 1}")
    with pytest.raises(StoreError, match=f"format {FORMAT + 1} .* knows {FORMAT}; update reliakit"):
        _tried(server, schema)


def test_a_database_that_cannot_hold_every_text_is_refused(server, schema):
    """Otherwise the first name in another script would stop all reports of a worker."""
    server.sql("DROP DATABASE IF EXISTS latin")
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="has to be UTF8"):
        _tried(server, schema, url=server.url(database="latin"))


def test_tables_that_somebody_drops_are_made_again(server, schema):
    """Otherwise each worker would have to be restarted after a test database was reset."""

    async def work() -> None:
        async with _open(server, schema) as store:
            await publish(store, "w", 1, {"ok": 1})
            server.sql(f"DROP SCHEMA {schema} CASCADE")
            with pytest.raises(StoreError):
                await publish(store, "w", 2, {"ok": 2})
            assert not (await publish(store, "w", 2, {"ok": 2})).known, "it has to hear everything again"

    asyncio.run(work())


def test_what_is_old_is_dropped_a_little_at_a_time(server, schema):
    """Otherwise tombstones and marks of years would fill the database, or one call have to drop them all."""

    async def work() -> None:
        async with _open(server, schema) as store:
            await publish(store, "w", 1)
            server.sql(
                f"INSERT INTO {schema}.workers (name, sequence, about, retired) "
                "SELECT 'old' || n, 1, '', now() - interval '26 hours' FROM generate_series(1, 1500) n;"
                f"INSERT INTO {schema}.sets "
                "SELECT 'old' || n, now() - interval '6 minutes' FROM generate_series(1, 150) n;"
                f"INSERT INTO {schema}.marks SELECT name, 1 FROM {schema}.sets;"
                f"INSERT INTO {schema}.leases VALUES ('old', 'h', now() - interval '3 days', now() - interval '2 days')"
            )
            for sequence, left in (
                (2, [(1501, 150, 150, 1)]),
                (3, [(501, 50, 50, 0)]),
                (4, [(501, 50, 50, 0)]),
            ):
                if sequence == 3:
                    server.sql(f"UPDATE {schema}.upkeep SET swept = swept - interval '2 minutes'")
                await publish(store, "w", sequence)
                tables = ("workers", "sets", "marks", "leases")
                counts = ", ".join(f"(SELECT count(*) FROM {schema}.{table})" for table in tables)
                assert server.sql(f"SELECT {counts}") == left

    asyncio.run(work())


def test_a_journal_longer_than_one_piece_is_pruned_whole(server, schema):
    """Otherwise a journal that was left alone for a year could never be pruned."""

    async def work() -> None:
        async with _open(server, schema, timeout=20) as store:
            await store.commit([], [f"{number}" for number in range(12_001)], 0)
            await store.prune(12_001)
            assert [entry.number for entry in await store.journal()] == [12_001]

    asyncio.run(work())


@pytest.mark.parametrize("text", ["NUL \0", "lone \ud800"])
def test_a_text_that_no_database_can_hold_is_refused_in_words(server, schema, text):
    """Otherwise it would end the worker's service instead of being reported."""

    async def work() -> None:
        async with _open(server, schema) as store:
            with pytest.raises(StoreError):
                await store.commit([Write("k", text, 0)])
            assert await store.commit([Write("k", "text", 0)])

    asyncio.run(work())


def test_a_push_arrives_long_before_a_poll_would(server, schema):
    """Otherwise a kill switch would take as long as if nothing were pushed."""

    async def work() -> float:
        async with (
            _open(server, schema) as one,
            _open(server, schema) as two,
            aclosing(two.changes()) as changes,
        ):
            await anext(changes)
            coming = asyncio.ensure_future(anext(changes))
            begun = time.monotonic()
            await one.commit([Write("k", "text", 0)])
            await coming
            return time.monotonic() - begun

    assert asyncio.run(work()) < 1.0


def test_behind_a_pooler_no_session_keeps_anything(server, schema):
    """Otherwise PgBouncer would hand a statement to a server that has never heard of it."""

    async def work() -> None:
        async with _open(server, schema, url=server.url() + "?pgbouncer=true") as store:
            for sequence in range(1, 9):
                await publish(store, "w", sequence, {"ok": sequence}, {"bad": {1}})
                await append(store, "event")
            [(kept,)] = await store._links.here().ask("SELECT count(*) FROM pg_prepared_statements")
            assert kept == 0

    asyncio.run(work())


def test_the_name_shows_no_password():
    """Otherwise `status` would show it to everybody."""
    for url, name in (
        ("postgresql://me:s3cret@db.example:5433/shop", "postgresql://db.example:5433/shop"),
        ("postgres://me:s3%40cret@one:1,two:2/shop?password=s3cret", "postgresql://one:1,two:2/shop"),
        ("postgresql:///shop?host=/run/postgresql&sslpassword=s3cret", "postgresql:///run/postgresql/shop"),
    ):
        assert PostgresStore(url).name == name
        assert "cret" not in address(url).without_secrets(f"can't read {url}")
    assert address("postgresql://me:s3%40cret@db/shop").without_secrets("not s3@cret") == "not ***"
    assert PostgresStore("postgresql://db/shop", "other").name == "postgresql://db/shop (schema other)"


def test_a_url_keeps_what_is_meant_for_the_driver():
    """Otherwise a certificate or a second host that is named there would be ignored in silence."""
    found = address("postgresql://u:p%40ss@a:1,b:2/db?pgbouncer=true&sslmode=require&options=-c%20x%3D1")
    assert found.url == "postgresql://u:p%40ss@a:1,b:2/db?sslmode=require&options=-c%20x%3D1"
    assert found.pgbouncer
    assert not address("postgresql://db/shop?pgbouncer=false").pgbouncer
    assert address("postgres:///shop?host=/run/pg").url == "postgresql:///shop?host=/run/pg"


@pytest.mark.parametrize(
    "url",
    [
        "", "redis://db/0", "host=db password=s3cret", "postgresql://[s3cret/db", "postgresql://me:s3/cret@db/shop",
        "postgresql://me:3/cret@db/shop", "postgresql://me:s3@cret@db/shop", "postgresql://me:s3?cret=1@db/shop",
        "postgresql://me:3#cret@db/shop", "postgresql://me:s3:cret@db/shop",
    ],
)  # fmt: skip
def test_what_is_no_url_of_it_is_refused_without_showing_it(url):
    """Otherwise a typing mistake would look like a database that is away, and the log show half of a password."""
    with pytest.raises(UsageError, match="percent-encoded") as refused:
        PostgresStore(url)
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["postgresql://db/shop?sslmdoe=require", "postgresql://me:s3cret@db/shop?port=s3cret"]
)
def test_a_setting_that_the_driver_does_not_know_is_an_error_of_the_store(url):
    """Otherwise a typing mistake would end the service that calls, or show a password in its traceback."""
    with pytest.raises(StoreError, match="postgresql://db/shop") as failed:
        asyncio.run(PostgresStore(url).last())
    assert "cret" not in str(failed.value)


@pytest.mark.parametrize(
    "hosts",
    ["", "db", "me@db:5432", "me:@db", "a:1,b:2", "me:p%40ss@[::1]:5432,[fe80::1]", "a.b-c_d", "a,[::1]:8"],
)
def test_every_kind_of_host_is_understood(hosts):
    """Otherwise a cluster or an IPv6 address could not be used."""
    assert PostgresStore(f"postgresql://{hosts}/shop").name.endswith(f"{hosts.rpartition('@')[2]}/shop")


@pytest.mark.parametrize("name", ["", "Reliakit", "a-b", "a; DROP TABLE x", "é", "x" * 49, "1a", "a\n"])
def test_a_schema_is_named_so_that_it_is_no_sql(name):
    """Otherwise a setting could run statements."""
    with pytest.raises(UsageError):
        PostgresStore("postgresql://db/shop", name)
    with pytest.raises(UsageError):
        migration_sql(name)


def test_without_the_driver_it_names_the_extra(monkeypatch):
    """Otherwise it would end in an ImportError that names a package nobody asked for."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "reliakit.drivers.postgres_link", raising=False)
    with pytest.raises(MissingExtraError, match=r"reliakit\[postgres\]"):
        PostgresStore("postgresql://db/shop")


def test_a_lease_of_before_the_clock_went_back_holds_for_nobody(server, schema):
    """Otherwise no release is decided about for as long as the server's clock was wrong."""
    later = f"UPDATE {schema}.leases SET since = since + interval '%s', until = until + interval '%s'"

    async def work() -> None:
        async with _open(server, schema) as store:
            assert await store.lease("fold", "dead", 5)
            server.sql(later % ("2 s", "2 s"))
            assert not await store.lease("fold", "other", 60), "a few seconds back are nothing"
            server.sql(later % ("1 hour", "1 hour"))
            assert await store.lease("fold", "other", 60)

    asyncio.run(work())
