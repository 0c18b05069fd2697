"""The supervisor: it holds the port, keeps workers running, replaces them on SIGHUP and ends them on SIGTERM.

On SIGHUP new workers are up before the old ones stop to accept; where the new ones don't come up the old ones stay.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable

from reliakit.cli.printing import Failure
from reliakit.cli.serve.generation import Generation
from reliakit.cli.serve.plan import Plan
from reliakit.cli.serve.telling import tell_service_manager

__all__ = ["Supervisor"]

_log = logging.getLogger("reliakit")
_UP_WITHIN = 60.0


class Supervisor:
    """Runs a gateway.

    Args:
        plan: how it runs.
        again: reads the plan anew.
        listener: where it listens.

    Attributes:
        generation: the workers that take new connections; None before the first.
        replaced: how often they have been replaced.
        stopping: whether it is about to end.
    """

    def __init__(self, plan: Plan, again: Callable[[], Plan], listener: socket.socket) -> None:
        self._plan, self._again, self._listener = plan, again, listener
        self.generation: Generation | None = None
        self.replaced = 0
        self.stopping = False
        self._orders: asyncio.Queue[str] = asyncio.Queue()
        self._asked_to_stop = asyncio.Event()
        self._draining: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Runs until SIGTERM or SIGINT.

        Raises:
            Failure: the workers do not come up.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._orders.put_nowait, "replace")
        self.generation = Generation(self._plan, self._listener)
        if not await self._up(self.generation):
            await self._stop()
            if self._asked_to_stop.is_set():
                return
            raise Failure("the gateway's workers do not start")
        tell_service_manager("READY=1")
        _log.info("%s: %d workers, supervisor %d", self._plan.url, self._plan.workers, os.getpid())
        while await self._orders.get() != "stop":
            await self._replace()
        await self._stop()

    def _ask_to_stop(self) -> None:
        self._asked_to_stop.set()
        self._orders.put_nowait("stop")

    async def _up(self, generation: Generation) -> bool:
        """Waits until workers serve; tells whether they do, and False where it is told to stop before."""
        up = asyncio.create_task(generation.up(_UP_WITHIN))
        asked = asyncio.create_task(self._asked_to_stop.wait())
        await asyncio.wait({up, asked}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, asked):
            task.cancel()
        return up.done() and up.result()

    async def _replace(self) -> None:
        tell_service_manager("RELOADING=1")
        try:
            plan = self._again()
        except Failure as failed:
            _log.error("nothing is replaced: %s", failed.message)
        else:
            await self._replace_by(Generation(plan, self._listener))
        tell_service_manager("READY=1")

    async def _replace_by(self, generation: Generation) -> None:
        if not await self._up(generation):
            _log.error("nothing is replaced: the new workers do not start")
            await generation.stop()
            return
        former, self.generation = self.generation, generation
        self.replaced += 1
        assert former is not None
        _log.info("%d workers have replaced %d", len(generation.workers), len(former.workers))
        task = asyncio.create_task(former.drain())
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)

    async def _stop(self) -> None:
        self.stopping = True
        tell_service_manager("STOPPING=1")
        self._listener.close()
        if self.generation is not None:
            await asyncio.gather(self.generation.stop(), *self._draining)
