"""Processes that start, count and fork beside each other over one PostgreSQL."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from reliakit.stores.postgres import PostgresStore
from reliakit.stores.postgres_schema import migration_sql
from reliakit.stores.protocol import Store
from reliakit.testing.store_ground import present
from tests.servers.serving import ROOT
from tests.stores.postgres import Postgres
from tests.stores.postgres_worker import REPORTS, SHARED


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    started = Postgres()
    yield started
    started.stop()


def _together(server: Postgres, schema: str, work: str, names: list[str]) -> None:
    """Runs a process for each name, all at once, with every warning an error; each has to end well and in silence."""
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "tests.stores.postgres_worker",
        server.url(),
        schema,
        work,
    ]
    running = [
        subprocess.Popen([*command, name], cwd=ROOT, text=True, stdin=-1, stdout=-1, stderr=subprocess.STDOUT)
        for name in names
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("begin\n")
        process.stdin.flush()
    assert [(process.communicate(timeout=60)[0], process.returncode) for process in running] == [
        ("", 0)
    ] * len(names)


def _counted(server: Postgres, schema: str) -> tuple[dict[str, int], dict[str, int], list[str]]:
    async def work(store: Store) -> tuple[dict[str, int], dict[str, int], list[str]]:
        try:
            workers = (await store.totals()).workers
            return *await present(store), sorted(worker.name for worker in workers)
        finally:
            await store.close()

    return asyncio.run(work(PostgresStore(server.url(), schema)))


def test_processes_that_publish_at_once_are_counted_exactly(server):
    """Otherwise counts would be lost between hosts, or reports wait for each other until both are refused."""
    names = ["w1", "w2", "w3"]
    # Of each sum there are eight rows; so numbered, all of these workers meet in one.
    server.sql(migration_sql("counting") + "ALTER TABLE counting.workers ALTER id SET INCREMENT 8")
    _together(server, "counting", "counting", names)
    assert server.sql("SELECT count(DISTINCT shard) FROM counting.sums") == [(1,)]
    assert server.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'") == [(0,)]
    sums, marks, workers = _counted(server, "counting")
    assert sums == dict.fromkeys(SHARED, REPORTS * len(names))
    assert marks == {"bad": REPORTS, "slow": 1}
    assert workers == names


def test_processes_that_start_at_once_on_an_empty_database_all_start(server):
    """Otherwise the first deploy would fail on all workers but one."""
    names = ["w1", "w2", "w3", "w4"]
    _together(server, "empty", "once", names)
    assert _counted(server, "empty") == ({"ok": 4}, {}, names)


def test_a_process_that_forks_shares_no_connection(server):
    """Otherwise workers of a preloading server would read each other's answers, or end each other's connection."""
    _together(server, "forking", "forking", ["w"])
    assert _counted(server, "forking") == ({"ok": 3}, {}, ["w", "w child", "w parent"])
