"""Real processes are replaced by a command behind a real gateway, while clients ask."""

import os
import signal
import time
from pathlib import Path

import pytest

from reliakit import Reliakit
from reliakit.failover.rolling.phases import Phase
from tests.gateway.running import gateway
from tests.remotes.fleet import ASGIClients, WSGIClients
from tests.rolling.site import site
from tests.rolling.visitors import Visitors
from tests.servers.serving import until
from tests.stores.valkey import running


def _replaced(folder: Path, count: int, together: int, threads: int = 4) -> None:
    with (
        site(folder, count) as shop,
        gateway(folder, shop.text(max_unavailable=together), workers=2, store=shop.store) as served,
        Visitors(served.port, threads) as clients,
    ):
        until(lambda: clients.of("1") > 50)
        said = shop.order("start", "shop", "--version", "2", "--as", "ada", "--reason", "a new one")
        assert f"replacement 1 (2) Running, 0 of {count} replaced: replacing {count} endpoints by 2" in said
        shop.ended(Phase.SUCCESSFUL)
        answered = clients.of("2")
        until(lambda: clients.of("2") > answered + 50)
        assert shop.versions == ["2"] * count
        assert not clients.lost, served.log
    assert sorted(shop.ran) == [("replace", number, "2", 1) for number in range(count)]
    whats = [event.what.value for event in shop.journal()]
    assert (whats[0], whats[-1], whats.count("replaced")) == ("started", "finished", count)


def test_processes_are_replaced_two_at_a_time_and_no_request_is_lost(tmp_path: Path) -> None:
    """Otherwise a deploy drops requests of users, those that must not be sent twice among them."""
    _replaced(tmp_path, 3, 2, threads=2)


@pytest.mark.soak
@pytest.mark.parametrize("together", [1, 2, 3])
def test_six_processes_are_replaced_and_no_request_is_lost(tmp_path: Path, together: int) -> None:
    """Otherwise a deploy of a whole fleet drops requests of users."""
    _replaced(tmp_path, 6, together)


@pytest.mark.soak
def test_one_that_goes_bad_half_way_is_stopped_and_undone_in_reverse_order(tmp_path: Path) -> None:
    """Otherwise a bad version is everywhere before anybody looks, or half of a fleet stays on it."""
    definitions = {"bake": "3s", "max_unavailable": 1}
    with (
        site(tmp_path) as shop,
        gateway(tmp_path, shop.text(**definitions), workers=2, store=shop.store) as served,
        Visitors(served.port) as clients,
    ):
        until(lambda: clients.of("1") > 50)
        shop.order("start", "shop", "--version", "bad-2")
        until(lambda: shop.versions.count("bad-2") == 4, 60)
        assert not clients.lost, served.log
        shop.say("gone-bad", "")
        found = shop.ended(Phase.FAILED)
        assert "the new ones fail more often" in found.why
        assert shop.versions == ["1"] * 6
        lost = clients.lost
        answered = clients.of("1")
        until(lambda: clients.of("1") > answered + 50)
        assert clients.lost == lost
    # What the version itself answered, and nothing that was lost on the way.
    assert {(status, version) for _, status, version in lost} == {(500, "bad-2")}
    assert [number for verb, number, _, _ in shop.ran if verb == "replace"] == [0, 1, 2, 3]
    assert [number for verb, number, _, _ in shop.ran if verb == "undo"] == [3, 2, 1, 0]


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_killed_half_way_it_goes_on_where_it_was(tmp_path: Path, seconds: float) -> None:
    """Otherwise a crash of reliakit leaves a fleet in between, or an endpoint is never replaced."""
    with site(tmp_path) as shop:
        shop.say("slow", seconds)
        definitions = shop.text(bake="2s")
        with gateway(tmp_path, definitions, workers=2, store=shop.store) as served:
            shop.order("start", "shop", "--version", "2")
            until(lambda: len(shop.ran) >= 3, 60)
            for pid in (served.process.pid, *served.workers()):
                os.kill(pid, signal.SIGKILL)
        with (
            gateway(tmp_path, definitions, workers=2, store=shop.store) as served,
            Visitors(served.port) as clients,
        ):
            shop.ended(Phase.SUCCESSFUL)
            assert not clients.lost, served.log
        assert shop.versions == ["2"] * 6
    # What was under way may have been done again, since nobody has seen its end; nothing else was.
    assert {number for _, number, _, _ in shop.ran} == set(range(6))
    assert len(shop.ran) <= 8


@pytest.mark.soak
def test_a_worker_that_decides_is_killed_and_another_goes_on(tmp_path: Path) -> None:
    """Otherwise a replacement stands still with the one worker that carried it out, or its requests are lost."""
    with (
        site(tmp_path) as shop,
        gateway(tmp_path, shop.text(), workers=2, store=shop.store) as served,
        Visitors(served.port) as clients,
    ):
        until(lambda: clients.of("1") > 50)
        shop.order("start", "shop", "--version", "2")
        for ran in (1, 3, 5):
            until(lambda ran=ran: len(shop.ran) >= ran, 60)  # type: ignore[misc]
            os.kill(served.workers()[0], signal.SIGKILL)
        shop.ended(Phase.SUCCESSFUL, 120)
        assert shop.versions == ["2"] * 6
    # Only what the killed workers had in flight themselves.
    assert {status for _, status, _ in clients.lost} <= {0}


@pytest.mark.soak
def test_a_spare_stands_in_so_that_nothing_is_missing(tmp_path: Path) -> None:
    """Otherwise a deploy takes away capacity, where there is a place to add some."""
    with (
        site(tmp_path, 3, 1) as shop,
        gateway(tmp_path, shop.text(max_unavailable=0, max_surge=1), workers=2, store=shop.store) as served,
        Visitors(served.port) as clients,
    ):
        until(lambda: clients.of("1") > 50)
        shop.order("start", "shop", "--version", "2")
        shop.ended(Phase.SUCCESSFUL)
        assert shop.versions == ["2", "2", "2", ""]
        assert not clients.lost, served.log
    assert [(verb, number) for verb, number, _, _ in shop.ran] == [
        ("replace", 3), ("replace", 0), ("replace", 1), ("replace", 2), ("stop", 3),
    ]  # fmt: skip


@pytest.mark.soak
@pytest.mark.parametrize("clients", [ASGIClients, WSGIClients])
def test_within_an_application_no_request_is_lost_either(
    tmp_path: Path, clients: type[ASGIClients] | type[WSGIClients]
) -> None:
    """Otherwise whoever wraps an application, and has no gateway, loses requests with every deploy."""
    with site(tmp_path, 3) as shop:
        shop.file.write_text(f"format: 1\n{shop.text()}")
        kit = Reliakit(shop.file, store=shop.store)
        with clients(kit) as asking:
            asking.more(100)
            shop.order("start", "shop", "--version", "2")
            shop.ended(Phase.SUCCESSFUL)
            asking.more(100)
        assert not asking.failed("GET", "PUT", "DELETE", "POST")
        assert shop.versions == ["2"] * 3
        assert kit.close()


@pytest.mark.soak
@pytest.mark.parametrize("outage", ["paused", "lost"])
def test_an_outage_of_the_store_delays_a_replacement_and_costs_no_request(
    tmp_path: Path, outage: str
) -> None:
    """Otherwise a cache server that restarts leaves endpoints half replaced, or has each worker replace its own."""
    with (
        running(tmp_path / "valkey") as valkey,
        site(tmp_path, 4, store=valkey.url) as shop,
        gateway(tmp_path, shop.text(bake="2s"), workers=2, store=shop.store) as served,
        Visitors(served.port) as clients,
    ):
        until(lambda: clients.of("1") > 50)
        shop.order("start", "shop", "--version", "2")
        until(lambda: len(shop.ran) >= 2, 60)
        if outage == "paused":
            valkey.pause()
            time.sleep(8)
            assert len(shop.ran) == 2
            valkey.resume()
        else:
            valkey.kill()
            valkey.start()
        until(lambda: shop.versions == ["2"] * 4, 90)
        until(lambda: (state := shop.state) and state.phase is Phase.SUCCESSFUL, 60)
        assert not clients.lost, served.log
    assert sorted(number for _, number, _, _ in shop.ran) == [0, 1, 2, 3]
