"""All workers of one plan: as many as it says, and another for each that ends without being asked to."""

import asyncio
import logging
import socket
from collections.abc import Callable

from reliakit.cli.serve.plan import Plan
from reliakit.cli.serve.process import Worker

__all__ = ["Generation"]

_log = logging.getLogger("reliakit")
_FIRST_PAUSE, _LAST_PAUSE = 0.1, 10.0
_SETTLED = 10.0
_FAREWELL = 5.0


class Generation:
    """Workers that were started together.

    Args:
        plan: how they run.
        listener: that they share.

    Attributes:
        workers: those that run.
    """

    def __init__(self, plan: Plan, listener: socket.socket) -> None:
        self.plan, self._listener = plan, listener
        self.workers: list[Worker] = []
        self.retired = False
        self._failed = asyncio.Event()
        self._places = [asyncio.create_task(self._keep()) for _ in range(plan.workers)]

    async def up(self, within: float) -> bool:
        """Waits until all workers serve; tells whether they do. False comes early where one ends instead."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while loop.time() < end and not self._failed.is_set():
            if len(self.workers) == self.plan.workers and all(each.up.is_set() for each in self.workers):
                return True
            await asyncio.sleep(0.02)
        return False

    async def drain(self) -> None:
        """Lets the workers finish, and waits for their end."""
        await self._finish(Worker.drain, self.plan.keep_alive + self.plan.drain + _FAREWELL)

    async def stop(self) -> None:
        """Has the workers end after the requests in flight, and waits for it."""
        await self._finish(Worker.stop, self.plan.drain + _FAREWELL)

    async def _finish(self, ask: "Callable[[Worker], None]", within: float) -> None:
        self.retired = True
        for worker in tuple(self.workers):
            ask(worker)
        await asyncio.gather(*(worker.end(within) for worker in tuple(self.workers)))
        for place in self._places:
            place.cancel()
        await asyncio.gather(*self._places, return_exceptions=True)

    async def _keep(self) -> None:
        """Has one worker run at any time."""
        pause, loop = _FIRST_PAUSE, asyncio.get_running_loop()
        while not self.retired:
            begun = loop.time()
            worker = await Worker.start(self.plan, self._listener)
            self.workers.append(worker)
            if self.retired:  # while it was started
                worker.stop()
            try:
                code = await worker.ended()
            finally:
                self.workers.remove(worker)
            if self.retired:
                return
            if not worker.up.is_set():
                self._failed.set()
            pause = _FIRST_PAUSE if loop.time() - begun > _SETTLED else pause
            _log.error("worker %d has ended (%s); another starts in %.1f s", worker.pid, _why(code), pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE)


def _why(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
