"""How far a region is behind, and whether it may get requests: asked of real commands and real servers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from reliakit.failover.recovery.phases import Phase
from tests.recovery.stage import Stage
from tests.runtime.listening import Listener


def script(folder: Path, text: str) -> list[str]:
    file = folder / "probe.sh"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return [str(file)]


@pytest.mark.parametrize(
    ("written", "answer"), [({}, 2.5), ({"key": "seconds"}, {"seconds": 2.5, "from": "us"})]
)
def test_the_lag_is_what_would_be_lost_and_is_in_the_journal(
    tmp_path: Path, written: dict[str, Any], answer: Any
) -> None:
    """Otherwise a failover says how long it took, and not what it has cost."""

    async def scene() -> None:
        async with Listener() as database:
            database.answers.extend([(200, answer)] * 100)
            url = f"{database.url}/{{region}}/T0KEN"
            stage = Stage(tmp_path, rpo="5s", lag={"http": url, "interval": "1s", **written})
            await stage.seconds(3)
            stage.lose("eu")
            await stage.phase(Phase.AWAY)
            [detected] = [event for event in await stage.journal() if event["what"] == "detected"]
            assert (detected["facts"]["rpo_seconds"], detected["facts"]["rpo_objective_seconds"]) == (
                2.5,
                5.0,
            )
            [leader] = [worker for worker in stage.workers if worker.recoveries.leads]
            assert leader.recoveries.told()["shop"]["us"].lag == 2.5
            stage.close()
        assert {heard.path.split("/")[1] for heard in database.heard} == {"eu", "us"}

    asyncio.run(scene())


@pytest.mark.parametrize("said", ["soon", "nan", "inf", ""])
def test_a_lag_that_is_no_number_is_none_and_the_last_one_counts(tmp_path: Path, said: str) -> None:
    """Otherwise a probe that breaks with the region says that nothing was lost."""

    async def scene() -> None:
        stage = Stage(tmp_path, lag={"command": script(tmp_path, "echo 4"), "interval": "1s"})
        await stage.seconds(3)
        script(tmp_path, f"echo {said}")
        await stage.seconds(5)
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        assert stage.workers[0].at.incident is not None
        assert stage.workers[0].at.incident.lag == 4
        stage.close()

    asyncio.run(scene())


def test_a_region_gets_nothing_before_its_gate_says_yes(tmp_path: Path) -> None:
    """Otherwise requests are sent to servers that are up before a database that is not."""

    async def scene() -> None:
        gate = script(
            tmp_path, 'test "$RELIAKIT_REGION" = eu || { echo "the replica is not promoted"; exit 1; }'
        )
        stage = Stage(tmp_path, gate={"command": gate, "interval": "1s"})
        await stage.seconds(3)
        stage.lose("eu")
        await stage.phase(Phase.GATED)
        await stage.seconds(10)
        assert stage.where == [{"eu": 1.0, "us": 0.0}] * 3
        assert "its gate says no: the replica is not promoted" in stage.workers[0].at.why
        script(tmp_path, "exit 0")
        await stage.phase(Phase.AWAY)
        assert stage.where == [{"eu": 0.0, "us": 1.0}] * 3
        stage.close()

    asyncio.run(scene())
