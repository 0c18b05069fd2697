"""Two files on two workers, as in every deploy, and the way back to the older one: each wins once, and nobody fights."""

from pathlib import Path

import pytest

from reliakit.rollouts.phases import Phase
from reliakit.runtime.journal import read_entry
from tests.fleet.clients import Clients
from tests.fleet.fleets import Watched
from tests.fleet.odd_servers import Log, config, odd_server
from tests.servers.serving import until

_SILENT = 2.0
"""Seconds in place of the half minute after which an older definition wins again."""
_OLD, _NEW = "2.4.1", "2.5.0"

DEPLOYED = [
    ("started", _OLD), ("running", _OLD),
    ("defined", _OLD), ("aborted", _OLD), ("started", _NEW), ("running", _NEW),
]  # fmt: skip
TAKEN_BACK = [*DEPLOYED, ("defined", _NEW), ("aborted", _NEW), ("started", _OLD), ("running", _OLD)]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_deploy_and_its_revert_win_once_each(store_url: str, tmp_path: Path) -> None:
    """Otherwise two halves of a deploy would start and abort each other's releases until one of them is gone."""
    _deploy(store_url, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("store_url", ["valkey", "postgres"], indirect=True)
def test_a_deploy_over_hosts_and_its_revert(store_url: str, tmp_path: Path) -> None:
    """Otherwise a fleet could not be deployed to host by host."""
    _deploy(store_url, tmp_path)


def _deploy(store_url: str, tmp_path: Path) -> None:
    watched = Watched(store_url)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    old = config(tmp_path / "one" / "reliakit.yaml", "[{weight: 20, bake: 1h}, 60]", _OLD)
    new = config(tmp_path / "two" / "reliakit.yaml", "[{weight: 30, bake: 1h}, 40, 80]", _NEW)
    silent = str(_SILENT)
    with (
        odd_server(old, store_url, "counted", FLEET_UNREPORTED=silent) as (first, earlier),
        Clients(first.port, threads=1),
    ):
        until(lambda: _events(watched) == DEPLOYED[:2] and _leads(earlier), 30)
        with (
            odd_server(new, store_url, "counted", FLEET_UNREPORTED=silent) as (second, later),
            Clients(second.port, threads=1),
        ):
            until(lambda: _events(watched) == DEPLOYED, 30)
            until(lambda: _leads(later) and not _leads(earlier), 15)
            _beat(earlier, later)
            assert _events(watched) == DEPLOYED
            assert _leads(later)
            assert not _leads(earlier), "who does not know what is under way stands back"
            assert {
                line["weight"] for line in [*earlier.in_force().values(), *later.in_force().values()]
            } == {30}
        until(lambda: _events(watched) == TAKEN_BACK, 30)
        until(lambda: _leads(earlier), 15)
        with (
            odd_server(new, store_url, "counted", FLEET_UNREPORTED=silent) as (again, once_more),
            Clients(again.port, threads=1),
        ):
            _beat(earlier, once_more)
            assert _leads(earlier)
            assert not _leads(once_more)
    assert _events(watched) == TAKEN_BACK
    found = watched.state()
    assert found is not None
    assert found.state.release is not None
    assert (found.state.phase, found.state.weight, found.state.release.version) == (Phase.RUNNING, 20, _OLD)


def _events(watched: Watched) -> list[tuple[str, str]]:
    watched.happened()
    events = [read_entry(entry.text).event for entry in watched.journal()]
    return [(event["what"], event["release"][2]) for event in events if event["kind"] == "event"]


def _leads(log: Log) -> bool:
    lines = log.lines("leads")
    return bool(lines) and lines[-1]["leads"]


def _beat(*logs: Log) -> None:
    """Waits for more reports of each than the silence has seconds: whoever wanted to win again would have."""
    before = [len(log.lines("leads")) for log in logs]
    beats = int(_SILENT) + 2
    until(lambda: all(len(log.lines("leads")) > at + beats for log, at in zip(logs, before, strict=True)), 30)
