"""One background thread a process with an asyncio loop of its own, on which all of reliakit's I/O runs.

Threads don't survive a fork, so an engine belongs to the process that started it; `after_fork` makes a fresh start
possible in the child. The thread is a daemon: a process that exits never waits for it longer than `stop` does.
"""

import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from reliakit.errors import UsageError

if TYPE_CHECKING:
    import asyncio

__all__ = ["Engine", "Service", "complete"]

T = TypeVar("T")
Service = Callable[[], Awaitable[None]]
"""Runs until it is cancelled. Where it raises it is logged and started again, a little later each time."""

_log = logging.getLogger("reliakit")
_FIRST_RETRY, _LAST_RETRY = 0.1, 30.0
_START_WITHIN = 5.0


class Engine:
    """Runs services on a thread of its own. All methods may be called from any thread, any number of times."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = tuple(services)
        self.after_fork()

    def after_fork(self) -> None:
        """Forgets the parent's thread, which does not exist in this process."""
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Starts the thread, where it isn't running yet.

        Raises:
            UsageError: gevent or eventlet has replaced `threading`, so a thread would be a greenlet that runs only
                when others wait.
        """
        with self._starting:
            if self.running:
                return
            _refuse_green_threads()
            ready = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(ready,), name="reliakit", daemon=True)
            self._thread.start()
        ready.wait(_START_WITHIN)

    def stop(self, timeout: float = 2.0) -> bool:
        """Cancels the services and waits for them; tells whether they ended within `timeout` seconds."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None or loop is None or stopping is None or not thread.is_alive():
            return True
        loop.call_soon_threadsafe(stopping.set)
        thread.join(timeout)
        return not thread.is_alive()

    def _run(self, ready: threading.Event) -> None:
        import asyncio

        asyncio.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        import asyncio

        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        tasks = [asyncio.create_task(_supervise(service)) for service in self._services]
        ready.set()
        await self._stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _supervise(service: Service) -> None:
    import asyncio

    retry = _FIRST_RETRY
    while True:
        try:
            await service()
            return
        except Exception:
            _log.exception(
                "%s failed and starts again in %.1f s", getattr(service, "__qualname__", service), retry
            )
        await asyncio.sleep(retry)
        retry = min(retry * 2, _LAST_RETRY)


def complete(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine to its end from ordinary code, also where this thread's loop is already running."""
    from concurrent.futures import ThreadPoolExecutor

    def run() -> T:
        import asyncio

        return asyncio.run(work())

    with ThreadPoolExecutor(1, thread_name_prefix="reliakit-load") as pool:
        return pool.submit(run).result()


def _refuse_green_threads() -> None:
    import sys

    patched = sys.modules.get("gevent.monkey")
    if patched is not None and patched.is_module_patched("threading"):
        raise UsageError(
            "reliakit's engine needs a real thread, and gevent has replaced `threading` in this process; run the "
            "app with gunicorn's gthread worker, or patch with monkey.patch_all(thread=False)"
        )
