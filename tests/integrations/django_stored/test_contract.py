"""The source in Django's database keeps what the protocol promises."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from django.core.management import call_command
from django.db import connection, connections

from reliakit import Source
from reliakit.testing.sources import SourceContract
from reliakit_django.stored import DatabaseSource
from reliakit_django.stored.models import StoredFlag
from tests.stores.postgres import Postgres

TABLES = ("reliakit_stored_storedflag", "reliakit_stored_storedsegment", "reliakit_stored_revision")


class TestDatabaseSource(SourceContract):
    """On SQLite, from a file that the thread of an edit and that of the source have open at once."""

    using: ClassVar[str] = "default"

    @pytest.fixture(autouse=True)
    def tables(self, database: Path) -> None:
        self.away = False

    def make_source(self) -> Source:
        return DatabaseSource(self.using, poll=0.05)

    def put(self, document: str) -> None:
        if self.away:
            self._rename("away_", "")
        self.away = False
        for key, definition in json.loads(document)["flags"].items():
            flag = StoredFlag.objects.using(self.using).filter(key=key).first() or StoredFlag(key=key)
            flag.definition = json.dumps(definition)
            flag.save(using=self.using, by="ann")
        connections.close_all()  # of the thread that the contract calls this on

    def damage(self) -> None:
        self._rename("", "away_")
        self.away = True
        connections.close_all()

    def _rename(self, before: str, after: str) -> None:
        with connections[self.using].cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {before}{table} RENAME TO {after}{table}")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


class TestDatabaseSourceOnPostgres(TestDatabaseSource):
    """On PostgreSQL, where what is read is not what the connection before has left."""

    using = "postgres"

    @pytest.fixture(autouse=True)
    def tables(self, postgres: Postgres, database: Path) -> Iterator[None]:
        self.away = False
        where = {"HOST": "127.0.0.1", "PORT": postgres.port, "USER": "reliakit", "NAME": "postgres"}
        given = {"default": {}, "postgres": {"ENGINE": "django.db.backends.postgresql", **where}}
        connections.settings["postgres"] = connections.configure_settings(given)["postgres"]
        call_command("migrate", "reliakit_stored", database="postgres", verbosity=0)
        yield
        with connections["postgres"].cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connections.close_all()
        del connections.settings["postgres"]


def test_every_migration_is_written(database):
    """Otherwise `makemigrations` of a project would write one into our package."""
    call_command("makemigrations", "reliakit_stored", check=True, dry_run=True, verbosity=0)
    assert connection.introspection.table_names()
