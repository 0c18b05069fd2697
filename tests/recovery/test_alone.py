"""The store is gone, with a region or without: each worker fails over alone, and afterwards they agree."""

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from reliakit.failover.recovery.phases import Phase
from tests.recovery.stage import Stage
from tests.servers.serving import ROOT

HOOK = {
    "command": [sys.executable, "-S", str(ROOT / "tests/recovery/hook.py")],
    "timeout": "20s",
    "attempts": 2,
}
AWAY, HOME = {"eu": 0.0, "us": 1.0}, {"eu": 1.0, "us": 0.0}


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 30))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def test_a_region_that_is_lost_with_the_store_is_left_by_each_worker(stage: Stage) -> None:
    """Otherwise the loss of the region that has the store is the loss of everything."""

    async def scene() -> None:
        await stage.seconds(5)
        stage.cut()
        stage.lose("eu")
        await stage.phase(Phase.AWAY, most=12)
        assert stage.where == [AWAY] * 3
        assert await stage.journal() == []

    play(scene())


def test_when_the_store_is_back_all_agree_and_no_traffic_moves(stage: Stage) -> None:
    """Otherwise the return of the store sends everybody back to a region that is still gone."""

    async def scene() -> None:
        await stage.seconds(5)
        stage.cut()
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        stage.cut(gone=False)
        for _ in range(40):
            await stage.seconds()
            assert stage.where == [AWAY] * 3
        assert {(worker.at.phase, worker.at.number) for worker in stage.workers} == {(Phase.AWAY, 1)}
        assert [worker.recoveries.standing.alone for worker in stage.workers] == [{}] * 3
        told = await stage.journal()
        alone = [event for event in told if event["actor"][0] == "worker" and event["what"] == "restored"]
        assert sorted(event["actor"][1] for event in alone) == ["w0", "w1", "w2"]
        assert all("within its 20 s" in event["sentence"] for event in alone)
        [holds] = [event["sentence"] for event in told if event["actor"][0] == "rule"]
        assert "has decided without the store holds" in holds
        stage.lose("eu", up=True)
        await stage.seconds(30)
        assert stage.where == [AWAY] * 3

    play(scene())


def test_one_that_is_cut_off_from_everything_fails_over_alone_and_takes_nobody_along(stage: Stage) -> None:
    """Otherwise one worker behind a broken switch moves the traffic of all when the switch is mended."""

    async def scene() -> None:
        await stage.seconds(5)
        last = next(worker for worker in stage.workers if not worker.recoveries.leads)
        others = [worker for worker in stage.workers if worker is not last]
        stage.cut(True, last)
        last.shop.up["eu"] = False
        await stage.until(lambda: last.at.phase is Phase.AWAY)
        assert [worker.shop.shares for worker in others] == [HOME] * 2
        stage.cut(False, last)
        last.shop.up["eu"] = True
        for _ in range(30):
            await stage.seconds()
            assert [worker.shop.shares for worker in others] == [HOME] * 2
        assert last.shop.shares == HOME

    play(scene())


def test_what_others_have_decided_meanwhile_holds(stage: Stage) -> None:
    """Otherwise the last one to come back undoes what everybody has agreed upon."""

    async def scene() -> None:
        await stage.seconds(5)
        first = next(worker for worker in stage.workers if worker.recoveries.leads)
        stage.cut()
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        others = [worker for worker in stage.workers if worker is not first]
        stage.cut(False, *others)
        await stage.seconds(15)
        number = others[0].at.number
        stage.cut(False)
        await stage.seconds(5)
        assert {worker.at.number for worker in stage.workers} == {number}
        holds = [event for event in await stage.journal() if "without the store holds" in event["sentence"]]
        assert len(holds) == 1

    play(scene())


@pytest.mark.parametrize("alone", [False, True])
def test_without_the_store_hooks_run_only_where_they_may_run_in_each_worker(
    tmp_path: Path, alone: bool
) -> None:
    """Otherwise forty workers start forty restores; or none runs the one hook that would do no harm."""
    stage = Stage(tmp_path, strategy="pilot_light", prepare={**HOOK, "alone": alone})

    async def scene() -> None:
        await stage.seconds(3)
        stage.cut()
        stage.lose("eu")
        stage.lose("us")
        await stage.seconds(15)
        assert sorted(run["run"] for run in stage.runs()) == [
            f"shop/1/prepare/1.1@w{number}" for number in range(3) if alone
        ]
        assert stage.where == [HOME] * 3
        stage.lose("us", up=True)
        await stage.phase(Phase.AWAY)
        assert stage.where == [AWAY] * 3

    play(scene())
    stage.close()


def test_who_starts_while_the_store_is_gone_begins_where_its_host_left_off(stage: Stage) -> None:
    """Otherwise a worker that is recycled on a bad Friday sends its requests to the region that was left on Thursday."""

    async def scene() -> None:
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        await stage.seconds(2)
        late = stage.worker("late")
        late.store.gone = True
        late.shop.up["eu"] = False
        assert late.shop.shares == AWAY
        stage.workers.append(late)
        await stage.seconds(10)
        assert late.shop.shares == AWAY

    play(scene())


def test_a_store_that_is_gone_for_a_while_moves_nothing(stage: Stage) -> None:
    """Otherwise each restart of the store is told as a failover."""

    async def scene() -> None:
        for _ in range(3):
            await stage.seconds(5)
            stage.cut()
            await stage.seconds(20)
            stage.cut(gone=False)
        await stage.seconds(20)
        assert stage.where == [HOME] * 3
        assert await stage.journal() == []

    play(scene())
