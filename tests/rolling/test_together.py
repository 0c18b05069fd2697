"""Workers replace endpoints together: one decides, and every one of them stops sending requests before anything is done."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from reliakit.core.counters import Met
from reliakit.failover.rolling.phases import Phase, Step
from reliakit.stores.protocol import Document
from tests.rolling.stage import Stage


def run(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 60))


def over(state: Any) -> bool:
    return not state.active


def test_all_endpoints_are_replaced_in_their_order_and_told_the_version(tmp_path):
    """Otherwise a deploy leaves some endpoints on the old version, or starts the wrong one."""

    async def scene():
        async with Stage(tmp_path) as stage:
            await stage.begun()
            state = await stage.until(over)
            assert state.phase is Phase.SUCCESSFUL
            assert stage.ran == [("replace", endpoint, "2") for endpoint in stage.endpoints]
            assert set(stage.versions.values()) == {"2"}
            assert [worker.asks for worker in stage.workers] == [stage.endpoints] * 2
            replaced = Met("shop", "rolling", "replaced")
            assert sum(worker.tallies.counts().get(replaced, 0) for worker in stage.workers) == 3

    run(scene())


def test_where_nothing_is_checked_a_connection_is_enough(tmp_path):
    """Otherwise whoever has no health check can't replace anything, or the next one goes before the first is there."""

    async def scene():
        async with Stage(tmp_path) as stage:
            stage.checked = False
            await stage.begun()
            stage.starts = False
            await stage.until(lambda state: state.units[0].step is Step.STARTING)
            await stage.seconds(4)
            assert (await stage.unit(0)).step is Step.STARTING
            stage.starts = True
            await stage.run(stage.endpoints[0], "2")
            assert (await stage.until(over)).phase is Phase.SUCCESSFUL

    run(scene())


def test_a_request_in_flight_in_another_worker_is_waited_for(tmp_path):
    """Otherwise a request is cut off, since the worker that decides does not know of it."""

    async def scene():
        async with Stage(tmp_path) as stage:
            one, two = await stage.begun()
            two.remote._active[0] = 1
            await stage.seconds(6)
            assert (await stage.unit(0)).step is Step.DRAINING
            assert [worker.asks for worker in (one, two)] == [stage.endpoints[1:]] * 2
            assert stage.ran == []
            two.remote._active[0] = 0
            await stage.until(lambda state: bool(stage.ran), 4)

    run(scene())


def test_a_worker_that_has_not_heard_of_a_drain_is_waited_for(tmp_path):
    """Otherwise it sends requests to an endpoint while that is being replaced."""

    async def scene():
        async with Stage(tmp_path) as stage:
            _, two = await stage.begun()
            stage.workers.remove(two)
            await stage.seconds(8)
            assert stage.ran == []
            await stage.until(lambda state: bool(stage.ran), 10)
            assert any("is not empty after 10 s" in event.sentence for event in await stage.journal())
            two.die()

    run(scene())


def test_a_worker_that_was_killed_is_not_waited_for_when_it_was_retired(tmp_path):
    """Otherwise one crash in the middle of a deploy makes every drain last to its limit."""

    async def scene():
        async with Stage(tmp_path) as stage:
            _, two = await stage.begun(drain="120s")
            stage.workers.remove(two)
            await stage.until(lambda state: bool(stage.ran), 25)
            two.die()

    run(scene())


async def _killed_while_a_hook_runs(stage: Stage) -> Any:
    """Kills the worker that runs the first hook, which goes on, and returns it."""
    one, two = await stage.begun()
    stage.holds.clear()
    await stage.until(lambda state: bool(stage.ran))
    leader = one if one.replacements.hooks._running else two
    stage.workers.remove(leader)
    leader.die()
    return leader


def test_another_worker_goes_on_where_the_one_that_decides_is_killed(tmp_path):
    """Otherwise a replacement stands still for ever, with an endpoint missing; or its hook is run twice at once."""

    async def scene():
        async with Stage(tmp_path) as stage:
            await _killed_while_a_hook_runs(stage)
            # What it has begun goes on for as long as it may take, and nobody begins it again meanwhile.
            await stage.seconds(15)
            assert len(stage.ran) == 1
            stage.holds.set()
            state = await stage.until(over, 120)
            assert state.phase is Phase.SUCCESSFUL
            assert [target for _, target, _ in stage.ran] == [stage.endpoints[0], *stage.endpoints]

    run(scene())


def test_a_worker_that_stops_lets_the_next_one_try_again_at_once(tmp_path):
    """Otherwise a restart of reliakit in the middle of a deploy costs it the whole time that a hook may take."""

    async def scene():
        async with Stage(tmp_path) as stage:
            leader = await _killed_while_a_hook_runs(stage)
            await leader.replacements.farewell()
            await stage.seconds(4)
            assert len(stage.ran) == 2
            stage.holds.set()

    run(scene())


def test_what_fails_more_often_than_the_others_is_put_back(tmp_path):
    """Otherwise a version that fails for users is everywhere before anybody looks."""

    async def scene():
        async with Stage(tmp_path) as stage:
            one, two = await stage.begun(bake="30s")
            await stage.until(lambda state: state.units[0].step is Step.BAKING)
            for _ in range(5):
                one.answered(0, 40, failed=8)
                for number in (1, 2):
                    two.answered(number, 40)
                await stage.seconds(1)
            state = await stage.until(over)
            assert state.phase is Phase.FAILED
            assert "the new ones fail more often" in state.why
            assert "of those not yet replaced 0 of" in state.why
            assert stage.ran == [("replace", stage.endpoints[0], "2"), ("undo", stage.endpoints[0], "1")]

    run(scene())


@pytest.mark.parametrize(("rolling", "new", "old"), [({"error_rate": "off"}, 20, 0), ({}, 4, 4)])
def test_what_fails_as_often_as_the_others_or_as_is_allowed_goes_on(tmp_path, rolling, new, old):
    """Otherwise an outage of something else puts a good version back."""

    async def scene():
        async with Stage(tmp_path) as stage:
            one, two = await stage.begun(**rolling)
            while (state := await stage.state()).active:
                for number, unit in enumerate(state.units):
                    if unit.present:
                        failed = old if unit.step is Step.OLD else new
                        one.answered(number, 40, failed)
                        two.answered(number, 40, failed)
                await stage.seconds(1)
            assert state.phase is Phase.SUCCESSFUL

    run(scene())


def test_each_new_one_has_to_answer_enough(tmp_path):
    """Otherwise a quiet night replaces everything by what no request has tried."""

    async def scene():
        async with Stage(tmp_path) as stage:
            one, _ = await stage.begun(requests=100)
            await stage.until(lambda state: state.units[0].step is Step.BAKING)
            await stage.seconds(10)
            assert (await stage.unit(0)).step is Step.BAKING
            one.answered(0, 100)
            await stage.until(lambda state: state.units[0].step is Step.NEW, 5)

    run(scene())


def test_a_store_that_has_lost_everything_is_told_again(tmp_path):
    """Otherwise an endpoint stays half replaced, and gets requests, since a cache server was restarted."""

    async def scene():
        async with Stage(tmp_path) as stage:
            await stage.begun()
            await stage.until(lambda state: state.units[0].step is Step.NEW)
            stage.store._held.__init__()  # type: ignore[misc]
            state = await stage.until(over)
            assert state.phase is Phase.SUCCESSFUL
            assert [target for _, target, _ in stage.ran] == stage.endpoints

    run(scene())


def test_an_edit_in_the_middle_keeps_drained_what_is_replaced(tmp_path):
    """Otherwise a reload sends requests to an endpoint that is just being replaced."""

    async def scene():
        async with Stage(tmp_path) as stage:
            one, _ = await stage.begun()
            stage.holds.clear()
            await stage.until(lambda state: bool(stage.ran))
            before = one.remote
            edited = stage.definitions()
            edited["upstreams"]["shop"]["timeouts"] = {"connect": "2s"}
            await one.edit(edited)
            assert one.remote is not before
            await one.tend()
            assert one.asks == stage.endpoints[1:]
            stage.holds.set()

    run(scene())


def test_a_state_of_a_later_version_leaves_what_is_known_in_force(tmp_path, caplog):
    """Otherwise a worker of the version before sends requests to what a newer one replaces, or floods the log."""

    async def scene():
        async with Stage(tmp_path) as stage:
            one, _ = await stage.begun()
            await stage.until(lambda state: state.units[0].step is not Step.OLD)
            member = one.replacements.member
            known = member.states["shop"].state
            for _ in range(3):
                member.learn({"rolling/shop": Document(99, '{"kind": "rolling", "version": 9}')})
            assert member.states["shop"].state is known
            assert caplog.text.count("replacements can't be read") == 1

    run(scene())
