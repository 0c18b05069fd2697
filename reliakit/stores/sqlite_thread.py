"""A thread that makes blocking calls one after another, and that no process has to wait for."""

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["OwnThread"]

T = TypeVar("T")


class OwnThread:
    """A daemon, because a disk that hangs would otherwise hang the exit of the process, too.

    Not a ThreadPoolExecutor, whose threads the interpreter joins when it exits.

    Args:
        finish: called on the thread when it ends.
    """

    def __init__(self, finish: Callable[[], None]) -> None:
        # Not a queue.SimpleQueue: gevent replaces that even where it is told to leave threads alone.
        self._calls: deque[tuple[Future[Any], Callable[[], Any]] | None] = deque()
        self._given, self._finish, self._process = threading.Condition(), finish, os.getpid()
        self.ended: Future[None] = Future()
        threading.Thread(target=self._work, name="reliakit-sqlite", daemon=True).start()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Makes a call after those that were given before; it may be cancelled until it begins."""
        future: Future[T] = Future()
        self._give((future, call))
        return future

    def end(self) -> None:
        """Lets the thread end after the calls that were given, and does not wait for it. Not in a forked child, which
        has none."""
        if self._process == os.getpid():
            self._give(None)

    def _give(self, call: tuple[Future[Any], Callable[[], Any]] | None) -> None:
        with self._given:
            self._calls.append(call)
            self._given.notify()

    def _work(self) -> None:
        while (given := self._next()) is not None:
            _fulfil(*given)
            del given  # nothing is kept alive by a thread that waits
        _fulfil(self.ended, self._finish)

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._given:
            self._given.wait_for(lambda: self._calls)
            return self._calls.popleft()


def _fulfil(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as raised:  # whatever it is, it belongs to whoever waits for the call
        future.set_exception(raised)
    else:
        future.set_result(result)
