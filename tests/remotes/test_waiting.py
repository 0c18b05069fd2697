"""Who waits for room in the budget of repeats is woken when there is some."""

import asyncio

from reliakit.runtime.remotes.waiting import Waiting


def test_a_repeat_that_is_over_wakes_one() -> None:
    """Otherwise hundreds of requests look again and again while a region hangs, and those that are well come too late."""

    async def work() -> list[int]:
        waiting, woken = Waiting(), list[int]()

        async def wait(number: int) -> None:
            await waiting.turn(60.0)
            woken.append(number)

        tasks = [asyncio.create_task(wait(number)) for number in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()  # its client has hung up, and takes nobody's turn
        await asyncio.gather(tasks[0], return_exceptions=True)
        waiting.wake()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first = list(woken)
        await asyncio.gather(*tasks[1:])
        return first

    assert asyncio.run(asyncio.wait_for(work(), 10)) == [1]


def test_nobody_waits_longer_than_there_is_time() -> None:
    """Otherwise a repeat for which room never comes keeps its client for ever."""

    async def work() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await Waiting().turn(0.01)
        return loop.time() - begun

    assert asyncio.run(asyncio.wait_for(work(), 10)) >= 0.009
