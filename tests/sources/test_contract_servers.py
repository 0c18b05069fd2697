"""Sources on servers keep what the protocol promises, with servers that are real."""

from collections.abc import Iterator
from itertools import count
from typing import ClassVar

import pytest

from reliakit.sources.cached import Cached
from reliakit.sources.failover import Failover
from reliakit.sources.http import HttpSource
from reliakit.sources.memory import MemorySource
from reliakit.sources.overlay import Overlay
from reliakit.sources.postgres import PostgresSource
from reliakit.sources.postgres_sql import definitions_sql
from reliakit.sources.protocol import Source
from reliakit.sources.redis import RedisSource
from reliakit.testing import ManualClock
from reliakit.testing.sources import SourceContract
from tests.servers.serving import free_port
from tests.sources.http_server import HttpServer, http_server
from tests.sources.wires import wire_to
from tests.stores.postgres import Postgres
from tests.stores.valkey import Server, running

_numbers = count()


@pytest.fixture(scope="module")
def http() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("valkey") / "server") as server:
        yield server


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


class TestHttpSource(SourceContract):
    """Polled, and asked each time for the whole document."""

    poll: ClassVar[float] = 0.05
    streams: ClassVar[bool] = False
    validates: ClassVar[bool] = False

    @pytest.fixture(autouse=True)
    def server(self, http: HttpServer) -> None:
        self.http = http
        http.streams, http.validates = self.streams, self.validates

    def make_source(self) -> Source:
        return HttpSource(self.http.url, poll=self.poll)

    def put(self, document: str) -> None:
        self.http.put(document)

    def damage(self) -> None:
        self.http.stop()


class TestHttpSourceWithTags(TestHttpSource):
    """Asked only for what is newer."""

    validates = True


class TestHttpSourceWithEvents(TestHttpSource):
    """Told: a look comes far too late."""

    poll, streams, validates = 60.0, True, True


class TestRedisSource(SourceContract):
    """Told: a look comes far too late."""

    poll: ClassVar[float] = 60.0

    @pytest.fixture(autouse=True)
    def key(self, valkey: Server) -> None:
        self.server, self.named = valkey, f"flags-{next(_numbers)}.json"

    def make_source(self) -> Source:
        return RedisSource(self.server.url, self.named, poll=self.poll)

    def put(self, document: str) -> None:
        self.server.command("SET", self.named, document)
        self.server.command("PUBLISH", f"{self.named}:changed", "")

    def damage(self) -> None:
        self.server.command("DEL", self.named)


class TestRedisSourceThatIsNotTold(TestRedisSource):
    poll = 0.05

    def put(self, document: str) -> None:
        self.server.command("SET", self.named, document)


class TestPostgresSource(SourceContract):
    """Told: a look comes far too late."""

    poll: ClassVar[float] = 60.0
    parameters: ClassVar[str] = ""

    @pytest.fixture(autouse=True)
    def table(self, postgres: Postgres) -> None:
        self.server, self.named = postgres, f"definitions_{next(_numbers)}"
        self.made = False

    def make_source(self) -> Source:
        return PostgresSource(self.server.url() + self.parameters, self.named, poll=self.poll, timeout=5)

    def put(self, document: str) -> None:
        if not self.made:
            self.server.sql(definitions_sql(self.named))
        self.made = True
        self.server.sql(f"INSERT INTO {self.named} (text, format) VALUES ('{document}', 'json')")

    def damage(self) -> None:
        self.server.sql(f"DROP TABLE {self.named}")
        self.made = False


class TestPostgresSourceForAPooler(TestPostgresSource):
    """Which passes no notifications on."""

    poll, parameters = 0.1, "?pgbouncer=true"


class TestHttpSourceOverASlowWire(TestHttpSourceWithEvents):
    """Whose answers come in pieces."""

    @pytest.fixture(autouse=True)
    def wire(self, server: None) -> Iterator[None]:
        with wire_to(self.http.port, "slow") as self.between:
            yield

    def make_source(self) -> Source:
        return HttpSource(f"http://127.0.0.1:{self.between.port}/flags.json", poll=self.poll)


class TestRedisSourceOverASlowWire(TestRedisSource):
    @pytest.fixture(autouse=True)
    def wire(self, key: None) -> Iterator[None]:
        with wire_to(self.server.port, "slow") as self.between:
            yield

    def make_source(self) -> Source:
        return RedisSource(f"redis://127.0.0.1:{self.between.port}", self.named, poll=self.poll)


class TestPostgresSourceOverASlowWire(TestPostgresSource):
    @pytest.fixture(autouse=True)
    def wire(self, table: None) -> Iterator[None]:
        with wire_to(self.server.port, "slow") as self.between:
            yield

    def make_source(self) -> Source:
        return PostgresSource(self.server.url(port=self.between.port), self.named, poll=self.poll, timeout=5)


class TestFailoverFromAServer(TestHttpSourceWithEvents):
    """The first is read; the second is there as well."""

    @pytest.fixture(autouse=True)
    def second(self, valkey: Server) -> None:
        valkey.command("SET", "second.json", "{}")
        self.second_source = RedisSource(valkey.url, "second.json", poll=60.0)

    def make_source(self) -> Source:
        return Failover(super().make_source(), self.second_source)

    def damage(self) -> None:
        pytest.skip("then the second is read")


class TestFailoverToAServer(TestRedisSource):
    """The first has never been there."""

    @pytest.fixture(autouse=True)
    def nobody(self) -> None:
        self.nowhere = f"http://127.0.0.1:{free_port()}/"

    def make_source(self) -> Source:
        return Failover(HttpSource(self.nowhere, poll=60.0), super().make_source(), back=60)


class TestOverlayOfServers(TestPostgresSource):
    """The document of one server over that of another."""

    @pytest.fixture(autouse=True)
    def base(self, http: HttpServer) -> None:
        http.put('{"flags": {"probe": {"variants": {"text": "base"}}, "other": {}}}')
        self.base_url = http.url

    def make_source(self) -> Source:
        return Overlay(HttpSource(self.base_url, poll=60.0), super().make_source())


class TestOverlayWhoseBaseIsOnAServer(TestHttpSourceWithEvents):
    def make_source(self) -> Source:
        return Overlay(super().make_source(), MemorySource({"flags": {"other": {"otherwise": True}}}))


class TestCachedServer(TestPostgresSource):
    """What it keeps is over when it is told, or after a minute."""

    @pytest.fixture(autouse=True)
    def clock(self) -> None:
        self.time = ManualClock()

    def make_source(self) -> Source:
        return Cached(super().make_source(), 60, now=self.time.monotonic)

    def put(self, document: str) -> None:
        super().put(document)
        self.time.advance(60)

    def damage(self) -> None:
        super().damage()
        self.time.advance(60)
