"""`reliakit demo` on servers that people already run: the same story, and nothing of it stays there."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.demo_process import running_demo
from tests.cli.running import reliakit
from tests.cli.test_demo import PROMISES
from tests.stores.postgres import Postgres
from tests.stores.valkey import Server as Valkey
from tests.stores.valkey import cluster, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the demo's tests are")

_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reliakit%'"


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with running(tmp_path / "valkey") as server:
        yield server


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server
    finally:
        server.stop()


def _plays(url: str, *options: str) -> None:
    with running_demo("--store", url, *options) as demo:
        assert demo.finished() == 0, "\n".join(demo.lines)
    if not options:
        demo.kept(PROMISES)


@pytest.mark.soak
def test_the_whole_story_on_valkey(valkey: Valkey) -> None:
    """Otherwise who tries reliakit on the Valkey that is there sees less than was promised, or finds it littered."""
    valkey.command("SET", "reliakit_demo", "somebody else's")
    _plays(valkey.url)
    assert valkey.command("KEYS", "*") == ["reliakit_demo"]


@pytest.mark.soak
def test_a_short_story_on_a_cluster(tmp_path: Path) -> None:
    """Otherwise a demo would leave its keys on whichever node had them."""
    with cluster(tmp_path) as nodes:
        _plays(nodes[0].url.replace("redis://", "redis+cluster://"), "--seconds", "9")
        assert [node.command("KEYS", "*") for node in nodes] == [[]] * len(nodes)


@pytest.mark.soak
def test_the_whole_story_on_postgresql(postgres: Postgres) -> None:
    """Otherwise who tries reliakit on the PostgreSQL that is there sees less than was promised, or finds it littered."""
    _plays(postgres.url())
    assert postgres.sql(_SCHEMAS) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://127.0.0.1:1", "127.0.0.1:1"),
        ("sqlite:////tmp/mine.db", "a SQLite file of its own"),
        ("mysql://localhost", "there is no store 'mysql'"),
    ],
)
def test_a_store_that_can_not_be_used_is_named_before_anything_starts(url: str, said: str) -> None:
    """Otherwise a typing mistake would end in a page of a server's log."""
    found = reliakit("demo", "--store", url)
    assert found.returncode == 2
    assert said in found.stderr
    assert "starting a server" not in found.stderr
