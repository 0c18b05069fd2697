"""One background thread a process with an asyncio loop of its own, on which all of reliakit's I/O runs.

Threads don't survive a fork, so an engine belongs to the process that started it; `after_fork` makes a fresh start
possible in the child. The thread is a daemon: a process that exits never waits for it longer than `stop` does.
"""

import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from reliakit.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

__all__ = ["Engine", "Service", "complete", "supervise"]

T = TypeVar("T")
Service = Callable[[], Awaitable[None]]
"""Runs until it is done or cancelled. Where it raises it is logged and started again, a little later each time."""

_log = logging.getLogger("reliakit")
_START_WITHIN = 5.0


class Engine:
    """Runs services on a thread of its own. All methods may be called from any thread, any number of times.

    Args:
        services: what runs.
        first_retry: seconds after which a service that failed is started again; doubled each time it fails anew.
        last_retry: the longest of these delays.
    """

    def __init__(
        self, services: Sequence[Service], *, first_retry: float = 0.1, last_retry: float = 30.0
    ) -> None:
        self._services = tuple(services)
        self._retries = first_retry, last_retry
        self.after_fork()

    def after_fork(self) -> None:
        """Forgets the parent's thread, which does not exist in this process."""
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Starts the thread, where it isn't running yet and there is a service to run.

        Raises:
            UsageError: gevent has replaced `threading`, so a thread would be a greenlet that runs only when others
                wait.
        """
        with self._changing:
            if self.running or not self._services:
                return
            _refuse_green_threads()
            ready = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(ready,), name="reliakit", daemon=True)
            self._thread.start()
            ready.wait(_START_WITHIN)

    def stop(self, timeout: float = 2.0) -> bool:
        """Cancels the services and waits for them; tells whether they ended within `timeout` seconds.

        Those that did not are left behind on their thread, so that the engine can be started again.
        """
        with self._changing:
            thread, self._thread = self._thread, None
            if thread is None or not thread.is_alive() or self._loop is None or self._stopping is None:
                return True
            with suppress(RuntimeError):  # it has just ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
            if thread is not threading.current_thread():  # where garbage is collected, anything may be closed
                thread.join(timeout)
            return not thread.is_alive()

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Has a coroutine run on the engine's loop.

        Raises:
            UsageError: the engine does not run in this process.
        """
        import asyncio

        if not self.running or self._loop is None:
            work.close()
            raise UsageError("reliakit's engine does not run in this process")
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as ended:  # just now
            work.close()
            raise UsageError("reliakit's engine has stopped in this process") from ended

    def _run(self, ready: threading.Event) -> None:
        import asyncio

        asyncio.run(_beside_daemons(self._serve(ready)))

    async def _serve(self, ready: threading.Event) -> None:
        import asyncio

        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        stopping = self._stopping
        tasks = [
            asyncio.create_task(supervise(service, _name(service), *self._retries))
            for service in self._services
        ]
        ready.set()
        await stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def supervise(service: Service, name: str, first: float, last: float) -> None:
    """Runs a service, again after every failure, a little later each time.

    Args:
        service: what runs.
        name: what the log calls it.
        first: seconds until it is started again; doubled with each failure.
        last: the longest of these delays; a service that ran longer than this is taken to have recovered.
    """
    import asyncio

    clock, retry = asyncio.get_running_loop().time, first
    while True:
        begun = clock()
        try:
            await service()
            return
        except BaseException:  # also a third party's sys.exit, which is no reason to stop the others
            if _cancelled():
                raise
            retry = first if clock() - begun > last else retry
            _log.exception("%s failed and starts again in %.1f s", name, retry)
        await asyncio.sleep(retry)
        retry = min(retry * 2, last)


def _cancelled() -> bool:
    """Tells whether the engine wants this task to end; a service may also be cancelled by what it called."""
    import asyncio

    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _name(service: Service) -> str:
    return str(getattr(service, "__qualname__", service))


def complete(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine to its end from ordinary code, also where this thread's loop is already running."""
    import asyncio
    from concurrent.futures import Future

    from reliakit.runtime.blocking import fulfil

    future: Future[T] = Future()

    def run() -> None:
        fulfil(future, lambda: asyncio.run(_beside_daemons(work())))

    thread = threading.Thread(target=run, name="reliakit-load", daemon=True)
    thread.start()
    thread.join()
    return future.result()


async def _beside_daemons(work: Coroutine[Any, Any, T]) -> T:
    """Runs a loop's work with threads that nobody has to wait for, when the loop ends or the process does."""
    import asyncio

    from reliakit.runtime.blocking import DaemonThreads

    asyncio.get_running_loop().set_default_executor(DaemonThreads())
    return await work


def _refuse_green_threads() -> None:
    import sys

    patched = sys.modules.get("gevent.monkey")
    if patched is not None and patched.is_module_patched("threading"):
        raise UsageError(
            "reliakit's engine needs a real thread, and gevent has replaced `threading` in this process; run the "
            "app with gunicorn's gthread worker, or patch with monkey.patch_all(thread=False)"
        )
