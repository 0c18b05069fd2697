"""Where rollouts stand can be drawn and alerted on, from every worker, without anything counted twice."""

import asyncio

from reliakit.core.counters import Happened
from reliakit.telemetry.reading import Standing
from reliakit.testing import ManualClock
from tests.runtime.workers import NOW, Worker

SHOP = {
    "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "v2"}},
    "initial": "blue",
    "strategy": "canary",
    "steps": [20, 50],
    "analysis": {"latency": {"tolerate": "20%"}},
    "release": {"to": "green", "version": "2.4.1"},
}
DEFINITIONS = {"format": 1, "upstreams": {"v2": "in_process"}, "rollouts": {"shop": SHOP}}


def standing(worker: Worker) -> Standing:
    [found] = worker.joined.standings.now()
    return found


def test_every_worker_tells_the_weight_and_whoever_decides_the_evidence(tmp_path):
    """Otherwise a chart would show nothing when the one worker that is scraped is not the one that decides."""

    async def scene():
        clock = ManualClock(time=NOW)
        leader, other = (Worker(tmp_path, clock, DEFINITIONS) for _ in range(2))
        for _ in range(3):
            await leader.beat()
            await other.beat()
        other.serve("blue", 400, errors=4)
        leader.serve("green", 100, errors=1)
        for _ in range(2):
            await leader.beat()
            await other.beat()
        told, heard = standing(leader), standing(other)
        await leader.close()
        await other.close()
        assert told.shares == heard.shares
        assert told.phase == heard.phase
        assert heard.evidence == ()
        shown = {(metric, test): (evidence, limit) for metric, test, evidence, limit in told.evidence}
        assert {("errors", "rollback"), ("errors", "promotion"), ("latency", "rollback")} <= shown.keys()

    asyncio.run(scene())


def test_evidence_that_decides_is_above_its_threshold_and_no_longer_shown_once_it_has(tmp_path):
    """Otherwise a rollback would leave a line above its threshold for ever, and the alert with it."""

    async def scene():
        one = Worker(tmp_path, ManualClock(time=NOW), DEFINITIONS)
        await one.beat(3)
        seen = []
        for _ in range(60):
            one.serve("blue", 80, errors=1)
            one.serve("green", 20, errors=3)
            await one.beat()
            if standing(one).phase == "failed":
                break
            seen += [each for each in standing(one).evidence if each[:2] == ("errors", "rollback")]
        assert seen[0][2] < seen[0][3]
        await one.beat(2)
        found = standing(one)
        assert (found.phase, found.evidence) == ("failed", ())
        assert found.shares == {"blue": 100, "green": 0}
        await one.close()

    asyncio.run(scene())


def test_each_event_is_counted_by_one_worker(tmp_path):
    """Otherwise a rollback under four workers would be four rollbacks."""

    async def scene():
        clock = ManualClock(time=NOW)
        workers = [Worker(tmp_path, clock, DEFINITIONS) for _ in range(3)]
        for _ in range(4):
            await asyncio.gather(*(each.beat(seconds=0) for each in workers))
            clock.advance(1)
        counted = [
            name
            for each in workers
            for name, count in each.tallies.counts().items()
            if isinstance(name, Happened)
            for _ in range(count)
        ]
        assert counted.count(Happened("shop", "started")) == 1
        for each in workers:
            await each.close()

    asyncio.run(scene())
