"""How soon every worker has in force what somebody changed, and what sharing costs the store."""

from pathlib import Path
from statistics import median
from typing import Any

import pytest

from reliakit.rollouts.orders import Order, Orders
from reliakit.rollouts.phases import Phase
from tests.fleet.clients import Clients
from tests.fleet.fleets import Watched
from tests.fleet.odd_servers import Log, config, odd_server, order, pin
from tests.servers.serving import until

_PUSHED, _POLLED, _LOADED = 0.3, 2.0, 1.0
"""Seconds that a change may take; and how many more on a machine that is busy with other things."""


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_pushed_changes_are_everywhere_at_once(store_url: str, tmp_path: Path) -> None:
    """Otherwise a bad version, or a flag that breaks the shop, would go on for seconds after somebody stopped it."""
    _pushed(store_url, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("store_url", ["valkey", "postgres"], indirect=True)
def test_pushed_changes_are_on_every_host_at_once(store_url: str, tmp_path: Path) -> None:
    """Otherwise a bad version would go on for longer on the hosts where nobody looked."""
    _pushed(store_url, tmp_path)


def _pushed(store_url: str, tmp_path: Path) -> None:
    reached = _reach(store_url, tmp_path, "")
    print(f"\npushed by {store_url.partition(':')[0]}: {_said(reached)}")
    assert median(reached) <= _PUSHED
    assert max(reached) <= _PUSHED + _LOADED


def test_changes_arrive_without_pushes_and_beside_a_source_that_hangs(tmp_path: Path) -> None:
    """Otherwise a proxy that swallows pushes, or a configuration server that hangs, would disable the kill switch."""
    reached = _reach(f"sqlite:///{tmp_path}/shared.db", tmp_path, "no_push hung")
    print(f"\npolled, beside a source that hangs: {_said(reached)}")
    assert median(reached) <= _POLLED
    assert max(reached) <= _POLLED + _LOADED


def _reach(url: str, folder: Path, odd: str) -> list[float]:
    """Returns the seconds until the last of four workers had each change in force."""
    file, watched = config(folder / "reliakit.yaml"), Watched(url)
    with odd_server(file, url, odd, workers=4) as (server, log), Clients(server.port, threads=2, pause=0.02):
        until(lambda: (at := watched.state()) and at.state.phase is Phase.RUNNING, 30)
        pids = until(lambda: len(log.pids()) == 4 and log.pids(), 30)
        until(lambda: all(line["weight"] == 30 for line in log.in_force().values()), 30)
        return [
            _everywhere(log, pids, pin(url, "banner", True), pins={"banner": True}),
            _everywhere(log, pids, order(url, file, Order(Orders.PROMOTE)), weight=60),
            _everywhere(log, pids, pin(url, "banner", False), pins={"banner": False}),
            _everywhere(log, pids, order(url, file, Order(Orders.ABORT)), weight=0),
            _everywhere(log, pids, pin(url, "banner", True), pins={"banner": True}),
        ]


def _everywhere(log: Log, pids: set[int], moment: float, **wanted: Any) -> float:
    def holds(line: dict[str, Any]) -> bool:
        return all(line[name] == value for name, value in wanted.items())

    reached = until(lambda: (at := log.since(moment, holds)) and set(at) == pids and at, 15)
    return float(max(reached.values()))


def _said(reached: list[float]) -> str:
    return f"median {median(reached):.2f} s, longest {max(reached):.2f} s of {len(reached)}"
