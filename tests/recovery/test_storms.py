"""Regions, stores and workers that come and go at random: whatever happens, everybody agrees afterwards."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from reliakit.failover.recovery.phases import Phase
from reliakit.runtime.journal import verify
from tests.recovery.stage import Stage

_LONG = [pytest.param(seed, marks=pytest.mark.soak) for seed in range(4, 204)]


@pytest.mark.parametrize("seed", [1, 2, 3, *_LONG])
def test_after_any_storm_all_workers_send_their_requests_to_the_same_region(
    seed: int, tmp_path: Path
) -> None:
    """Otherwise some workers stay in a region that the others have left, until somebody restarts them."""
    chance = Random(seed)
    strategy = chance.choice(["warm_standby", "active_active"])
    stage = Stage(tmp_path, strategy=strategy, quiet=chance.choice(["15s", None]))

    async def scene() -> None:
        for _ in range(chance.randint(60, 150)):
            _happen(stage, chance)
            await stage.seconds()
            for shares in stage.where:
                assert sum(shares.values()) == pytest.approx(1)
                assert all(0 <= share <= 1 for share in shares.values())
        stage.cut(gone=False)
        stage.lose("eu", up=True)
        stage.lose("us", up=True)
        await stage.seconds(40)
        assert len({(worker.at.phase, worker.at.number, worker.at.weight) for worker in stage.workers}) == 1
        assert [worker.recoveries.standing.alone for worker in stage.workers] == [{}] * len(stage.workers)
        await _is_lost_and_left(stage)
        assert list(verify(await stage.store.journal())) == []

    asyncio.run(scene())
    stage.close()


def _happen(stage: Stage, chance: Random) -> None:
    """Something, every ten seconds or so of each kind."""
    one = chance.choice(stage.workers)
    if chance.random() < 0.1:
        stage.cut(gone=chance.random() < 0.5)
    if chance.random() < 0.1:
        stage.cut(chance.random() < 0.5, one)
    if chance.random() < 0.1:
        stage.lose(chance.choice(["eu", "us"]), up=chance.random() < 0.5)
    if chance.random() < 0.05:
        one.shop.up["eu"] = not one.shop.up["eu"]
    if chance.random() < 0.03:
        stage.workers.remove(one)
        stage.workers.append(stage.worker(f"w{chance.random()}"))
        stage.workers[-1].shop.up = dict(one.shop.up)
        stage.workers[-1].store.gone = one.store.gone
    if chance.random() < 0.03:
        stage.clock.set_time(stage.clock.time() + chance.choice([-3_600, 3_600]))


async def _is_lost_and_left(stage: Stage) -> None:
    """However much has happened, whatever serves can be lost, and what stands in serves then."""
    for _ in range(90):
        if stage.workers[0].at.phase in (Phase.SERVING, Phase.AWAY):
            break
        await stage.seconds()
    serving = max(stage.where[0], key=lambda region: stage.where[0][region])
    other = "us" if serving == "eu" else "eu"
    if stage.workers[0].at.phase is Phase.SERVING:
        stage.lose(serving)
        await stage.until(lambda: all(shares[other] == 1 for shares in stage.where))
