"""Threads for calls that block, none of which a process has to wait for."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

__all__ = ["DaemonThreads", "fulfil"]

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
        # Not a queue.SimpleQueue: gevent replaces that even where it is told to leave threads alone, by one that wakes
        # nobody on another thread.
        self._calls: deque[Callable[[], None] | None] = deque()
        self._given = threading.Condition()
        self._started = self._idle = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hands a call to a thread that waits for one, or to a new one.

        Raises:
            RuntimeError: so many calls hang that one more would only add to them.
        """
        future: Future[T] = Future()
        with self._given:
            if not self._idle:
                self._start_one()
            self._idle -= 1
            self._calls.append(lambda: fulfil(future, lambda: fn(*args, **kwargs)))
            self._given.notify()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Lets every thread end after the call that it is in, and waits for none."""
        with self._given:
            self._calls.extend([None] * self._started)
            self._given.notify_all()

    def _start_one(self) -> None:
        if self._started >= _MOST:
            raise RuntimeError(f"{_MOST} blocking calls have not returned, so no more are made")
        threading.Thread(target=self._work, name="reliakit-io", daemon=True).start()
        self._started += 1
        self._idle += 1

    def _work(self) -> None:
        while (call := self._next()) is not None:
            call()
            with self._given:
                self._idle += 1

    def _next(self) -> Callable[[], None] | None:
        with self._given:
            self._given.wait_for(lambda: self._calls)
            return self._calls.popleft()


def fulfil(future: Future[Any], call: Callable[[], Any]) -> None:
    """Makes a call and hands over what came of it, be it a result or an exception."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as raised:  # whatever it is, it belongs to whoever waits for the call
        future.set_exception(raised)
    else:
        future.set_result(result)
