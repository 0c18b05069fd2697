"""One real server of each kind for the tests of fleets, and an empty place in it for each test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.postgres import Postgres
from tests.stores.valkey import Server as Valkey
from tests.stores.valkey import running


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with running(tmp_path_factory.mktemp("fleet") / "valkey") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "valkey", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    if request.param == "valkey":
        server: Valkey = request.getfixturevalue("valkey_server")
        server.command("FLUSHALL")
        return server.url
    postgres: Postgres = request.getfixturevalue("postgres_server")
    database = f"fleet_{uuid.uuid4().hex[:12]}"
    postgres.sql(f"CREATE DATABASE {database}")
    return postgres.url(database=database)
