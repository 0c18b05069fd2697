"""Threads for calls that block, none of which a process has to wait for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

__all__ = ["DaemonThreads"]

P = ParamSpec("P")
T = TypeVar("T")
_MOST = 32


class DaemonThreads(ThreadPoolExecutor):
    """What `asyncio.to_thread` runs on in our loops.

    The interpreter joins the threads of the standard executors when it exits, and a loop joins them when it is
    closed, so one read from a file server that is gone would keep a process for ever. These threads are daemons and
    nobody joins them. It is a ThreadPoolExecutor because asyncio takes nothing else; none of that is used.
    """

    def __init__(self) -> None:
        super().__init__(1)
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._waiting = threading.Semaphore(0)
        self._started = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hands a call to a thread that waits for one, or to a new one.

        Raises:
            RuntimeError: so many calls hang that one more would only add to them.
        """
        if not self._waiting.acquire(blocking=False):
            self._start_one()
        future: Future[T] = Future()
        self._calls.put(lambda: _complete(future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Lets every thread end after the call that it is in, and waits for none."""
        for _ in range(self._started):
            self._calls.put(None)

    def _start_one(self) -> None:
        if self._started >= _MOST:
            raise RuntimeError(f"{_MOST} blocking calls have not returned, so no more are made")
        threading.Thread(target=self._work, name="reliakit-io", daemon=True).start()
        self._started += 1

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            self._waiting.release()


def _complete(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as raised:  # whatever it is, it belongs to whoever waits for the call
        future.set_exception(raised)
    else:
        future.set_result(result)
