"""The Redis store does what every store has to: on one server, in a cluster, and behind sentinels."""

from collections.abc import Iterator
from itertools import count

import pytest

from reliakit.stores.protocol import Store
from reliakit.stores.redis import RedisStore
from reliakit.testing.stores import StoreContract
from tests.stores.valkey import Server, cluster, running, sentinels

_namespaces = (f"contract/{number}" for number in count())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("valkey") / "server") as one:
        yield one


@pytest.fixture(scope="module")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cluster(tmp_path_factory.mktemp("valkey")) as nodes:
        yield "redis+cluster://" + ",".join(node.name for node in nodes)


@pytest.fixture(scope="module")
def sentinel_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sentinels(tmp_path_factory.mktemp("valkey"), 1) as (watching, _):
        yield "redis+sentinel://" + ",".join(each.name for each in watching) + "/main"


class TestRedisStore(StoreContract):
    @pytest.fixture(autouse=True)
    def storage(self, server: Server) -> None:
        self.server, self.url, self.namespace = server, server.url, next(_namespaces)

    def make_store(self) -> Store:
        return RedisStore(self.url, self.namespace)

    def damage(self) -> None:
        self.server.save_and_stop()

    def mend(self) -> None:
        self.server.start()


class TestRedisStoreInACluster(StoreContract):
    """Its namespaces fall into slots of all three nodes, so that it has to find the right one."""

    @pytest.fixture(autouse=True)
    def storage(self, cluster_url: str) -> None:
        self.url, self.namespace = cluster_url, next(_namespaces)

    def make_store(self) -> Store:
        return RedisStore(self.url, self.namespace)


class TestRedisStoreBehindSentinels(TestRedisStoreInACluster):
    @pytest.fixture(autouse=True)
    def storage(self, sentinel_url: str) -> None:
        self.url, self.namespace = sentinel_url, next(_namespaces)
