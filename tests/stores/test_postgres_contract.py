"""The PostgreSQL store keeps what the protocol promises, on the oldest and the newest server at hand.

Each server has one way of using the store, since all of both twice would tell little more.
"""

from collections.abc import Iterator
from itertools import count
from typing import ClassVar

import pytest

from reliakit.stores.postgres import PostgresStore
from reliakit.stores.protocol import Store
from reliakit.testing.stores import StoreContract
from tests.stores.postgres import Postgres

_schemas = count()
_TIMES = {
    "workers": ("seen", "retired"),
    "sets": ("touched",),
    "leases": ("since", "until"),
    "upkeep": ("swept",),
}


@pytest.fixture(scope="class")
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    started = Postgres(request.cls.settings, request.cls.version)
    yield started
    started.stop()


class TestPostgresStore(StoreContract):
    version: ClassVar[str] = "pginstall18"
    settings: ClassVar[dict[str, str]] = {"default_transaction_isolation": "serializable"}  # as some set it
    pooled: ClassVar[bool] = False

    @pytest.fixture(autouse=True)
    def schema(self, server: Postgres) -> None:
        self.server, self.named = server, f"contract_{next(_schemas)}"

    def make_store(self) -> Store:
        return PostgresStore(self.server.url(), self.named, timeout=10, pgbouncer=self.pooled)

    def advance(self, seconds: float) -> None:
        if seconds < 1:
            super().advance(seconds)
            return
        # The clock of a server can't be moved, but what it has written can be made as old.
        for table, columns in _TIMES.items():
            older = ", ".join(f"{column} = {column} - interval '{seconds} seconds'" for column in columns)
            self.server.sql(f"UPDATE {self.named}.{table} SET {older}")

    def damage(self) -> None:
        self.server.kill()

    def mend(self) -> None:
        self.server.start()


class TestPostgresStoreForAPooler(TestPostgresStore):
    """Without prepared statements and pushes."""

    version = "pginstall"
    settings: ClassVar[dict[str, str]] = {}
    pooled = True
    pushes = False
