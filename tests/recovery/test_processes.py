"""Regions of real processes behind real workers: drilled, lost and brought back, with every strategy."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.operating import said
from tests.recovery.live import Asking, Scene, scene
from tests.servers.serving import until
from tests.stores.valkey import Server as Valkey
from tests.stores.valkey import running

WAYS: dict[str, dict[str, Any]] = {
    "active_active": {},
    "warm_standby": {},
    "pilot_light": {"prepare": {"timeout": "20s", "alone": True}},
    "backup_restore": {"prepare": {"timeout": "20s", "alone": True}},
}
QUICK: dict[str, Any] = {"detect": "1s", "bake": "100ms", "drill": "500ms", "steps": [100]}
soak = pytest.mark.soak


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with running(tmp_path / "valkey", "appendonly yes", "appendfsync always") as server:
        yield server


@pytest.mark.parametrize(
    ("way", "times"),
    [("warm_standby", QUICK), *(pytest.param(way, {}, marks=soak) for way in WAYS)],
)
def test_a_strategy_is_drilled_and_then_fails_over_in_earnest(
    way: str, times: dict[str, Any], tmp_path: Path
) -> None:
    """Otherwise what the file promises for the day of a disaster is found out on that day."""
    store = f"sqlite:///{tmp_path}/shared.db"
    with (
        scene(tmp_path, store, strategy=way, **WAYS[way], **times) as found,
        Asking(found.served.port) as asking,
    ):
        asking.more(100)
        _drilled(found, asking, way)
        _lost(found, asking, way)
        _returned(found, asking)
    assert said(tmp_path, "journal", "--verify").endswith("the chain is whole\n")


def _drilled(found: Scene, asking: Asking, way: str) -> None:
    began, before = time.time(), found.asked("us")
    said_so = found.order("drill", "shop", "--reason", "the yearly one", "--as", "ada")
    assert "a drill: the yearly one" in said_so
    found.phase("Away")
    asking.more(50)
    found.phase("Serving")
    assert found.asked("us") > before
    assert asking.failed(began) == {}
    told = found.told("failed_back")
    assert told["sentence"] == "the drill has returned: eu serves again"
    assert 0 < told["facts"]["rto_seconds"] < 30
    assert found.told("drill")["actor"][:2] == ["person", "ada"]
    for process in found.started():  # what was prepared for the drill is scaled down after it
        os.kill(process, 9)
    if found.started():
        (found.folder / "started").unlink()
        found.until(lambda status: status["regions"]["us"]["ready"] == 0)


def _lost(found: Scene, asking: Asking, way: str) -> None:
    found.lose("eu")
    standing = found.phase("Away")
    assert (standing["away"], standing["drill"], standing["weight"]) == ("eu", False, 1.0)
    asking.more(100)
    since = time.time()
    asking.more(100)
    assert asking.failed(since) == {}
    restored = found.told("restored")
    assert "within its 30 s" in restored["sentence"]
    # What was measured is what clients saw, and never less by more than it takes to look. Where all serve, another region
    # answered instead of the one that was lost, so that they saw next to nothing.
    assert asking.outage - 1.0 <= restored["facts"]["rto_seconds"]
    assert way == "active_active" or restored["facts"]["rto_seconds"] <= asking.outage + 2.0
    kinds = [event["what"] for event in found.journal()]
    assert {"suspected", "detected", "prepared", "shifting", "shifted", "failed_over"} <= set(kinds)


def _returned(found: Scene, asking: Asking) -> None:
    found.bring_back("eu")
    found.until(lambda status: status["regions"]["eu"]["condition"] == "well")
    since, before = time.time(), found.asked("eu")
    found.order("back", "shop", "--reason", "eu is up again")
    found.phase("Serving")
    asking.more(100)
    assert asking.failed(since) == {}
    assert found.asked("eu") > before
    assert found.told("failed_back")["sentence"] == "eu serves again"


def _sentences(found: Scene) -> list[str]:
    return [event.get("sentence", "") for event in found.journal()]


def _restored_alone(found: Scene) -> list[dict[str, Any]]:
    return [each for each in found.journal() if each["what"] == "restored" and each["actor"][0] == "worker"]


@soak
@pytest.mark.parametrize("how", ["killed", "hung"])
@pytest.mark.parametrize("way", WAYS)
def test_a_strategy_fails_over_with_the_store_gone_and_the_journal_knows_afterwards(
    way: str, how: str, tmp_path: Path, valkey: Valkey
) -> None:
    """Otherwise the region that had the store in it is the one that must not be lost."""
    with scene(tmp_path, valkey.url, strategy=way, **WAYS[way]) as found, Asking(found.served.port) as asking:
        asking.more(100)
        found.until(lambda status: status["regions"]["eu"]["condition"] == "well")
        valkey.kill() if how == "killed" else valkey.pause()
        found.lose("eu")
        until(lambda: found.served.log.count("failed over: us serves") == 2, 60)  # by each of the workers
        since = time.time()
        asking.more(100)
        assert asking.failed(since) == {}
        valkey.start() if how == "killed" else valkey.resume()
        standing = found.phase("Away")
        assert standing["away"] == "eu"
        until(lambda: any("without the store holds" in each for each in _sentences(found)), 30)
        # Each worker tells by itself, as soon as it has the store again.
        alone = until(lambda: len(each := _restored_alone(found)) == 2 and each, 30)
        assert all("within its 30 s" in each["sentence"] for each in alone)
        assert asking.failed(since) == {}
        _returned(found, asking)
