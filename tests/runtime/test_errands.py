"""Work that takes long is done beside the beat, one at a time, and less often while it fails."""

import asyncio
import random

import pytest

from reliakit.runtime.errands import Errands, Pace
from reliakit.testing import ManualClock
from tests.runtime.listening import until

PACE = Pace(every=0.0, first=1.0, last=3_600.0)


async def well() -> bool:
    return True


async def badly() -> bool:
    return False


async def broken() -> bool:
    raise RuntimeError("it broke")


async def hanging() -> bool:
    await asyncio.Event().wait()
    return True


def test_an_errand_that_runs_is_not_begun_twice():
    """Otherwise a receiver that is slow would be told the same again every second."""

    async def scene():
        errands = Errands(ManualClock(), PACE)
        assert errands.begin("one", hanging)
        assert not errands.begin("one", hanging)
        assert errands.begin("other", well)
        errands.keep(())
        await until(lambda: errands.idle)
        assert errands.begin("one", well)
        await until(lambda: errands.idle)

    asyncio.run(scene())


@pytest.mark.parametrize("work", [badly, broken])
def test_one_that_fails_rests_longer_each_time_and_never_longer_than_the_limit(work):
    """Otherwise whoever is down would be hammered, or a week of failures end in an overflow."""
    clock = ManualClock()

    async def scene():
        errands = Errands(clock, PACE, random.Random(1))
        rests = []
        for _ in range(14):
            assert errands.begin("one", work)
            await until(lambda: errands.idle)
            before = clock.monotonic()
            while not errands.begin("one", hanging):
                clock.advance(0.25)
            rests.append(clock.monotonic() - before)
            task = errands._known["one"].task
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        return rests

    rests = asyncio.run(scene())
    for number, rest in enumerate(rests):
        assert min(3_600, 2**number) / 2 <= rest <= min(3_600, 2**number) + 0.25
    assert PACE.rest(1_000_000, random.Random(1)) <= 3_600


def test_one_that_a_parent_process_had_begun_is_begun_in_the_child():
    """Otherwise a forked worker would wait for ever for a task of a loop that does not run in it."""
    errands, parents = Errands(ManualClock(), PACE), asyncio.new_event_loop()

    async def begin(work):
        return errands.begin("one", work)

    assert parents.run_until_complete(begin(hanging))

    async def child():
        assert await begin(well)
        await until(lambda: errands.idle)

    asyncio.run(child())
    for task in asyncio.all_tasks(parents):
        task.cancel()
    parents.run_until_complete(asyncio.sleep(0))
    parents.close()
