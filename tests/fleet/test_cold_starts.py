"""Workers that are born on a bad day: the store is away, empty or forgetful, the file is wrong, a slot is not ready."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reliakit.rollouts.orders import Order, Orders
from reliakit.rollouts.phases import Phase
from reliakit.runtime.journal import read_entry
from tests.fleet.clients import Clients
from tests.fleet.fleets import PROBES, Watched
from tests.fleet.odd_servers import Log, config, odd_server, order, pin
from tests.servers.serving import until
from tests.stores.valkey import Server as Valkey
from tests.stores.valkey import running


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with running(tmp_path / "valkey", "appendonly yes", "appendfsync always") as server:
        yield server


def _divides(log: Log, stable: str, weight: float, pins: dict[str, Any] | None = None) -> bool:
    found = list(log.in_force().values())
    return bool(found) and all(
        (line["stable"], line["weight"], line["pins"]) == (stable, weight, pins or {}) for line in found
    )


def test_a_store_that_is_away(valkey: Valkey, tmp_path: Path) -> None:
    """Otherwise a worker that is recycled during an outage would send everybody back to the old version, or undo a kill
    switch; and one on a new host would send people to a version that nobody vouches for.
    """
    file, watched = config(tmp_path / "reliakit.yaml"), Watched(valkey.url)
    with odd_server(file, valkey.url) as (server, log), Clients(server.port, threads=1):
        until(lambda: (at := watched.state()) and at.state.phase is Phase.RUNNING, 30)
        order(valkey.url, file, Order(Orders.PROMOTE))
        pin(valkey.url, "banner", False)
        until(lambda: _divides(log, "blue", 60, {"banner": False}))
        kept = next((tmp_path / "state").glob("last-state-*.json"))
        until(lambda: json.loads(kept.read_text())["rollouts"]["shop"]["weight"] == 60)
        until(lambda: json.loads(kept.read_text())["pins"])
    valkey.kill()
    elsewhere = str(tmp_path / "another-host")
    with (
        odd_server(file, valkey.url) as (same, here),
        odd_server(file, valkey.url, RELIAKIT_STATE_DIR=elsewhere) as (new, there),
    ):
        with Clients(same.port, threads=1) as clients, Clients(new.port, threads=1) as others:
            until(lambda: clients.answered > 200 and others.answered > 200, 30)
        assert clients.broken == others.broken == 0
        assert 0.45 < clients.counts["green", 200] / clients.answered < 0.75
        assert others.counts["green", 200] == 0
        assert _divides(here, "blue", 60, {"banner": False})
        assert _divides(there, "blue", 0)
        valkey.start()
        until(lambda: _divides(there, "blue", 60, {"banner": False}), 30)
        assert _divides(here, "blue", 60, {"banner": False})
        until(lambda: (at := watched.state()) and at.state.weight == 60)
        assert "promoted" not in watched.happened()


@pytest.mark.soak
def test_a_store_that_forgets_everything_while_workers_live(valkey: Valkey, tmp_path: Path) -> None:
    """Otherwise a FLUSHALL would send everybody back to the first version, or promote a release by counts of before."""
    file, watched = config(tmp_path / "reliakit.yaml"), Watched(valkey.url)
    with odd_server(file, valkey.url, workers=2, FLEET_AGAIN="2.5") as (server, log):
        with Clients(server.port, threads=2) as clients:
            until(lambda: (at := watched.state()) and at.state.phase is Phase.RUNNING, 30)
            order(valkey.url, file, Order(Orders.PROMOTE))
            until(lambda: _divides(log, "blue", 60) and clients.answered > 400, 30)
        answered = clients.answered + PROBES
        until(lambda: sum(watched.served().values()) == answered, 15)
        seen = len(log.lines("weight"))
        valkey.command("FLUSHALL")
        until(lambda: sum(watched.served().values()) == answered, 15)
        until(lambda: (at := watched.state()) and at.state.evidence and at.state.evidence.cursor, 30)
        found = watched.state()
        assert found is not None
        assert found.state.evidence is not None
        assert (found.state.weight, found.state.number, found.state.evidence.step_requests) == (60, 1, 0)
        assert watched.happened() == ["counts_lost"]
        with Clients(server.port, threads=2) as again:
            until(lambda: again.answered > 200, 30)
        until(lambda: sum(watched.served().values()) == answered + again.answered, 15)
        until(lambda: (at := watched.state()) and at.state.evidence and at.state.evidence.step_requests)
        assert all((line["stable"], line["weight"]) == ("blue", 60) for line in log.lines("weight")[seen:])
        assert watched.happened() == ["counts_lost"]


@pytest.mark.soak
def test_a_store_that_was_emptied_while_nobody_lived(valkey: Valkey, tmp_path: Path) -> None:
    """Otherwise a store without a disk that restarts with a deploy would bring the version before the last one back."""
    file, watched = config(tmp_path / "reliakit.yaml"), Watched(valkey.url)
    with odd_server(file, valkey.url) as (server, log), Clients(server.port, threads=1):
        until(lambda: (at := watched.state()) and at.state.phase is Phase.RUNNING, 30)
        order(valkey.url, file, Order(Orders.PROMOTE, full=True))
        until(lambda: _divides(log, "green", 0))
        kept = next((tmp_path / "state").glob("last-state-*.json"))
        until(lambda: json.loads(kept.read_text())["rollouts"]["shop"]["stable"] == "green")
    valkey.command("FLUSHALL")
    with odd_server(file, valkey.url) as (server, log):
        until(lambda: (at := watched.state()) and at.state.stable == "green", 15)
        assert server.ask()["slot"] == "green"
        assert {line["stable"] for line in log.lines("weight")} == {"green"}


def test_an_empty_store_and_no_memory_of_another(tmp_path: Path) -> None:
    """Otherwise the first start of a shop would be a release of whatever comes first, or of nothing at all."""
    url = f"sqlite:///{tmp_path}/new/shared.db"
    file, watched = config(tmp_path / "reliakit.yaml"), Watched(url)
    file.write_text(file.read_text().replace("    release: {to: green, version: 2.4.1}\n", ""))
    with odd_server(file, url) as (server, log):
        assert {server.ask()["slot"] for _ in range(30)} == {"blue"}
        until(lambda: (at := watched.state()) and at.state.stable == "blue")
        assert _divides(log, "blue", 0)
        assert server.ask()["ready"]
        assert watched.happened() == []


def test_a_file_that_is_wrong(tmp_path: Path) -> None:
    """Otherwise a typo that nobody has noticed yet would stop every worker that is recycled, and in the end the shop."""
    url = f"sqlite:///{tmp_path}/shared.db"
    file, watched = config(tmp_path / "reliakit.yaml"), Watched(url)
    with odd_server(file, url) as (server, _), Clients(server.port, threads=1):
        until(lambda: (at := watched.state()) and at.state.phase is Phase.RUNNING, 30)
    file.write_text(file.read_text() + "rollouts: [what]\n")
    with odd_server(file, url) as (server, log), Clients(server.port, threads=1) as clients:
        until(lambda: _divides(log, "blue", 30) and clients.counts["green", 200], 15)
        assert clients.broken == 0
    until(
        lambda: "config_rejected" in [read_entry(each.text).event.get("what") for each in watched.journal()]
    )
    assert watched.happened() == ["started", "running"]


def test_an_initial_slot_that_is_not_ready(tmp_path: Path) -> None:
    """Otherwise a balancer would send users to a worker whose version could not start, and nobody could tell it."""
    url = f"sqlite:///{tmp_path}/shared.db"
    file, watched = config(tmp_path / "reliakit.yaml"), Watched(url)
    text = file.read_text().replace("initial: blue", "initial: green").replace("to: green", "to: blue")
    file.write_text(text)
    with odd_server(file, url, "unready") as (server, _):
        answers = [server.ask() for _ in range(50)]
        assert {answer["slot"] for answer in answers} == {"blue"}
        assert not any(answer["ready"] for answer in answers)
        until(lambda: (at := watched.state()) and at.state.why)
        assert watched.served()["blue"] == 0, "what falls back is no evidence about a release"


def test_a_bypassed_worker_touches_no_store(tmp_path: Path) -> None:
    """Otherwise the last resort against a fault of ours would still run ours."""
    url = f"sqlite:///{tmp_path}/shared.db"
    file = config(tmp_path / "reliakit.yaml")
    with odd_server(file, url, app="app", RELIAKIT_BYPASS="1") as (server, _):
        assert {server.ask()["slot"] for _ in range(20)} == {"blue"}
        assert not (tmp_path / "shared.db").exists()
        assert not (tmp_path / "state").exists()
