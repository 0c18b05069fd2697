"""A store that goes away, hangs or is full, and a worker that sleeps: requests never notice, and counts catch up."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import pytest

from reliakit.rollouts.phases import Phase
from tests.fleet.clients import Clients
from tests.fleet.fleets import PROBES, Watched, fleet
from tests.servers.serving import until
from tests.stores.postgres import Postgres
from tests.stores.valkey import Server as Valkey
from tests.stores.valkey import running

_HUNG = 2.0
"""Seconds: a request that waited for a store would take longer than its timeout."""


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    # With a log of its own on disk: what was published before it was stopped has to be there afterwards.
    with running(tmp_path / "valkey", "appendonly yes", "appendfsync always") as server:
        yield server


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _gone(server: Valkey | Postgres, how: str) -> Iterator[None]:
    server.kill() if how == "killed" else server.pause()
    try:
        yield
    finally:
        server.start() if how == "killed" else server.resume()


@pytest.mark.parametrize("how", ["killed", "hung"])
@pytest.mark.parametrize("kind", ["valkey", "postgres"])
def test_a_short_outage(kind: str, how: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Otherwise a restart of the store would be an outage of the service, or a hole in the evidence."""
    _outage(request.getfixturevalue(kind), how, tmp_path, 3.0)


@pytest.mark.soak
@pytest.mark.parametrize("how", ["killed", "hung"])
@pytest.mark.parametrize("kind", ["valkey", "postgres"])
def test_an_outage_of_half_a_minute(
    kind: str, how: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Otherwise a failover of the store would take the service along."""
    _outage(request.getfixturevalue(kind), how, tmp_path, 30.0)


def _outage(server: Valkey | Postgres, how: str, folder: Path, seconds: float) -> None:
    url = server.url if isinstance(server, Valkey) else server.url()
    watched = Watched(url)
    with fleet("uvicorn", folder, url, steps="[{weight: 30, bake: 1h}]", blue=0.002) as app:
        with Clients(app.port) as clients:
            until(lambda: len(clients.times) >= 4, 30)
            until(lambda: (found := watched.state()) and found.state.phase is Phase.RUNNING, 15)
            time.sleep(seconds)  # the control: requests while the store is there
            control, before = clients.seconds[:], watched.state()
            with _gone(server, how):
                time.sleep(seconds)  # an outage lasts; there is nothing to wait for
            during = clients.seconds[len(control) :]
        assert clients.broken == 0
        assert max(during) < _HUNG
        until(lambda: sum(watched.served().values()) == clients.answered + PROBES, 30)
        after = watched.state()
        assert before is not None
        assert after is not None
        assert (after.state.step, after.state.weight, after.state.phase) == (0, 30, Phase.RUNNING)
        assert "promoted" not in watched.happened()
    print(f"\n{how}: p99 {_p99(control):.1f} ms with the store, {_p99(during):.1f} ms without")


def _p99(seconds: list[float]) -> float:
    return 1000 * quantiles(seconds, n=100)[98]


def _heard(watched: Watched, pid: int) -> float:
    """Returns when the store last heard of a worker, by its own clock."""
    return max(each.seen for each in watched.totals().workers if f"-{pid}-" in each.name)


def test_a_worker_that_slept_past_its_retirement_counts_once(tmp_path: Path) -> None:
    """Otherwise a laptop lid, a paused container or a long collection would count hours of requests twice."""
    url = f"sqlite:///{tmp_path}/shared.db"
    watched = Watched(url)
    with fleet("uvicorn", tmp_path, url, steps="[{weight: 30, bake: 1h}]") as app:
        with Clients(app.port) as clients:
            until(lambda: len(clients.times) >= 4, 30)
        until(lambda: sum(watched.served().values()) == clients.answered + PROBES, 15)
        sleeper = next(iter(clients.times))
        os.kill(sleeper, signal.SIGSTOP)
        try:
            name = next(each.name for each in watched.totals().workers if f"-{sleeper}-" in each.name)
            until(lambda: watched.retire(name, 2.0), 15)
        finally:
            os.kill(sleeper, signal.SIGCONT)
        with Clients(app.port) as more:
            until(lambda: sleeper in more.times, 30)
        answered = clients.answered + more.answered + PROBES
        until(lambda: sum(watched.served().values()) == answered, 15)
        heard = _heard(watched, sleeper)
        until(
            lambda: _heard(watched, sleeper) >= heard + 2.0, 15
        )  # beats more, in which nothing may be added
        assert sum(watched.served().values()) == answered
        names = [each.name for each in watched.totals().workers]
        assert name not in names
        assert any(f"-{sleeper}-" in each for each in names)
