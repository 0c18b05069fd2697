"""What metrics and events say of regions."""

import asyncio
import json
from pathlib import Path
from typing import Any

from reliakit.core.counters import Counters, Met
from reliakit.failover.recovery.phases import Phase
from reliakit.runtime.journal import read_entry
from reliakit.runtime.recovery.telling import happened
from reliakit.runtime.webhooks import message_of
from reliakit.telemetry.failover_metrics import FAILOVER_PHASE, RegionsAt, points_of
from reliakit.telemetry.reading import read
from tests.recovery.stage import Stage
from tests.telemetry.counted import Counted


def test_metrics_say_where_the_traffic_goes_and_what_the_failover_took(tmp_path: Path) -> None:
    """Otherwise the dashboard is calm while a region is lost, and nobody can alert on an objective that was missed."""
    stage = Stage(tmp_path, rpo="5s")
    counters = Counters()

    async def scene() -> None:
        for worker in stage.workers:
            worker.recoveries.happened = lambda event: happened(event, counters)
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        await stage.seconds(2)
        stage.lose("eu", up=True)

    asyncio.run(scene())
    stage.close()
    for worker in stage.workers:
        [regions] = worker.recoveries.standings()
        found = {(metric.name, *where): value for metric, value, where in points_of(regions)}
        assert found["reliakit.failover.phase", "shop", "away"] == 1
        assert (
            found["reliakit.failover.share", "shop", "us"],
            found["reliakit.failover.share", "shop", "eu"],
        ) == (100, 0)
        assert 5 <= found["reliakit.failover.rto", "shop"] <= 10
        assert found["reliakit.failover.rto.objective", "shop"] == 20
        assert found["reliakit.failover.rpo.objective", "shop"] == 5
        assert ("reliakit.failover.rpo", "shop") not in found
    assert counters.totals()[Met("shop", "failover", "failed_over")] == 1


def test_webhooks_are_told_what_was_detected_and_what_it_took(tmp_path: Path) -> None:
    """Otherwise nobody wakes up, or wakes up to a message without the one figure that is asked for."""
    stage = Stage(tmp_path)

    async def scene() -> dict[str, Any]:
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        messages = [message_of(read_entry(entry.text), "fleet") for entry in await stage.store.journal()]
        return {each.what: json.loads(each.body) for each in messages if each is not None}

    told = asyncio.run(scene())
    stage.close()
    assert {"detected", "failed_over"} <= told.keys()
    restored = told["restored"]["data"]
    assert (restored["upstream"], restored["number"], restored["scope"]) == ("shop", 1, "fleet")
    assert restored["facts"]["rto_objective_seconds"] == 20
    assert "served from elsewhere after" in restored["sentence"]
    assert told["failed_over"]["data"]["phase"] == {"before": "Shifting", "after": "Away"}


def test_a_reading_of_a_kit_has_them(tmp_path: Path) -> None:
    """Otherwise they are computed and never exported."""

    kit = Counted()
    kit.away = [RegionsAt("shop", "away", {"us": 100.0})]
    assert list(read(kit).points(FAILOVER_PHASE)) == [
        (1, {"reliakit.upstream.name": "shop", "reliakit.failover.phase": "away"})
    ]
