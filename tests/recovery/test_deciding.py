"""Several workers and one store: who decides about regions, who hears of it, and what becomes of it when one dies."""

import asyncio
import json
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from reliakit.failover.recovery.phases import Phase
from tests.recovery.stage import Stage, section
from tests.servers.serving import ROOT

HOOK = {
    "command": [sys.executable, "-S", str(ROOT / "tests/recovery/hook.py")],
    "timeout": "20s",
    "attempts": 2,
}


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 30))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def test_all_workers_leave_a_lost_region_and_one_of_them_says_so(stage: Stage) -> None:
    """Otherwise some workers send their requests to a region that is gone, or the journal tells everything three times."""

    async def scene() -> None:
        await stage.seconds(5)
        assert stage.where == [{"eu": 1.0, "us": 0.0}] * 3
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        await stage.seconds(2)
        assert stage.where == [{"eu": 0.0, "us": 1.0}] * 3
        assert await stage.whats() == [
            "suspected", "detected", "prepared", "shifting", "shifted", "restored", "failed_over",
        ]  # fmt: skip
        [restored] = [event for event in await stage.journal() if event["what"] == "restored"]
        assert "within its 20 s" in restored["sentence"]
        assert 5 <= restored["facts"]["rto_seconds"] <= 10
        stage.lose("eu", up=True)
        await stage.seconds(30)
        assert stage.where == [{"eu": 0.0, "us": 1.0}] * 3

    play(scene())


def test_a_region_that_one_worker_of_three_can_not_reach_is_not_lost(stage: Stage) -> None:
    """Otherwise one broken cable moves everybody's traffic across an ocean."""

    async def scene() -> None:
        await stage.seconds(5)
        stage.workers[0].shop.up["eu"] = False
        await stage.seconds(60)
        assert {worker.at.phase for worker in stage.workers} <= {Phase.SERVING, Phase.DETECTING}
        assert stage.where == [{"eu": 1.0, "us": 0.0}] * 3

    play(scene())


def test_a_worker_that_went_down_with_the_region_does_not_speak_for_it(stage: Stage) -> None:
    """Otherwise the last word of those who died is that all is well, and the others wait for a quarter of a minute."""

    async def scene() -> None:
        await stage.seconds(5)
        del stage.workers[1:]
        stage.lose("eu")
        await stage.phase(Phase.AWAY, most=5 + 5 + 4)

    play(scene())


def test_who_dies_with_its_hook_is_followed_and_no_attempt_is_made_twice(tmp_path: Path) -> None:
    """Otherwise the death of one worker stops a failover, or starts the second fleet at once."""
    stage = Stage(tmp_path, strategy="pilot_light", prepare=HOOK)

    async def scene() -> None:
        stage.lose("us")
        await stage.seconds(5)
        stage.lose("eu")
        await stage.until(lambda: bool(stage.runs()))
        [leader] = [worker for worker in stage.workers if worker.recoveries.leads]
        stage.workers.remove(leader)
        await stage.until(lambda: stage.workers[0].at.phase is Phase.GATED)
        stage.lose("us", up=True)
        await stage.phase(Phase.AWAY)
        assert stage.where == [{"eu": 0.0, "us": 1.0}] * 2
        assert [(run["verb"], run["target"]) for run in stage.runs()] == [("prepare", "us")] * 2
        assert [run["run"] for run in stage.runs()] == ["shop/1/prepare/1.1", "shop/1/prepare/1.2"]
        assert "no result within 20 s" in " ".join(each["sentence"] for each in await stage.journal())

    play(scene())
    stage.close()


def test_a_hook_that_fails_is_tried_again_and_then_somebody_has_to_look(tmp_path: Path) -> None:
    """Otherwise a failover ends without anybody knowing, or the cloud is asked for ever."""
    stage = Stage(tmp_path, strategy="pilot_light", prepare=HOOK)
    (tmp_path / "broken").touch()

    async def scene() -> None:
        stage.lose("us")
        stage.lose("eu")
        await stage.until(lambda: stage.workers[0].at.phase is Phase.ERROR)
        assert [run["attempt"] for run in stage.runs()] == ["1", "2"]
        failed = [event["sentence"] for event in await stage.journal() if event["what"] == "hook_failed"]
        assert failed == ["upstreams.shop.recovery.prepare failed for us: no quota"] * 2

    play(scene())
    stage.close()


def test_a_store_that_has_lost_everything_is_told_again(stage: Stage) -> None:
    """Otherwise a store that was set up anew brings the traffic back to a region that is gone."""

    async def scene() -> None:
        await stage.seconds(3)
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        held = stage.store._held
        held.documents.clear()
        await stage.seconds(20)
        assert [each["phase"] for each in await _written(stage)] == ["Away"]
        assert stage.where == [{"eu": 0.0, "us": 1.0}] * 3

    play(scene())


async def _written(stage: Stage) -> list[dict[str, Any]]:
    return [json.loads(each.text) for each in (await stage.store.read(("recovery/",))).found.values()]


def test_an_incident_of_a_region_that_is_gone_from_the_file_is_over(stage: Stage) -> None:
    """Otherwise whoever takes a dead region out of the file is stuck with its failover, or sends requests nowhere."""

    async def scene() -> None:
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        for worker in stage.workers:
            worker.sections = {"shop": section(regions=["us", "ap"])}
            worker.shop.up = {"eu": False, "us": True, "ap": True}
        await stage.seconds(3)
        assert stage.where == [{"eu": 0.0, "us": 1.0, "ap": 0.0}] * 3
        assert "the incident of eu is over" in (await stage.journal())[-1]["sentence"]
        assert {worker.at.phase for worker in stage.workers} == {Phase.SERVING}

    play(scene())
