"""What holds over a store in memory holds over those that people use."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from reliakit.stores.postgres import PostgresStore
from reliakit.stores.redis import RedisStore
from reliakit.stores.sqlite import SQLiteStore
from reliakit.testing.simulation import SCENARIOS, Ground, InMemory, OnLoop, OnVirtualTime, simulate
from tests.stores.postgres import Postgres
from tests.stores.valkey import running

Make = Callable[[Callable[[], float]], Ground]
_STORES = ("sqlite", "valkey", "postgres")
_FEW = (("lossy", 3), ("amnesia", 2), ("mayhem", 5))
_MANY = [(scenario, seed) for scenario in SCENARIOS for seed in range(20_001, 20_026)]
_places = count()


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder = tmp_path_factory.mktemp("simulated")
    return lambda now: OnLoop(lambda: SQLiteStore(folder / f"{next(_places)}.db", now, timeout=30))


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with running(tmp_path_factory.mktemp("valkey") / "server") as server:
        yield lambda now: OnLoop(
            lambda: OnVirtualTime(RedisStore(server.url, f"simulated/{next(_places)}", timeout=30), now)
        )


@pytest.fixture(scope="module")
def postgres() -> Iterator[Make]:
    server = Postgres()
    yield lambda now: OnLoop(
        lambda: OnVirtualTime(PostgresStore(server.url(), f"simulated_{next(_places)}", timeout=30), now)
    )
    server.stop()


@pytest.fixture
def ground(request: pytest.FixtureRequest) -> Make:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("ground", _STORES, indirect=True)
@pytest.mark.parametrize(("scenario", "seed"), _FEW)
def test_a_fleet_over_a_real_store_does_what_one_in_memory_does(ground, scenario, seed):
    """Otherwise what was proven is proven of a store that nobody uses: byte for byte, the journal is the same."""
    assert simulate(seed, scenario, ground).digest == simulate(seed, scenario, InMemory).digest


@pytest.mark.soak
@pytest.mark.parametrize("ground", _STORES, indirect=True)
def test_nothing_that_may_happen_to_a_fleet_breaks_a_promise_over_a_real_store(ground):
    """Otherwise a store that passes its contract may still lose a release, on a bad day."""
    for scenario, seed in _MANY:
        simulate(seed, scenario, ground)
