"""Virtual time: coroutines that wait for seconds which take none, in an order that a seed decides."""

import random
from collections.abc import Callable, Coroutine, Generator
from heapq import heappop, heappush
from typing import Any

__all__ = ["Schedule", "Task", "wait"]

_HAIR = 1e-3


class _Wait:
    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __await__(self) -> Generator[float, bool, bool]:
        return (yield self.seconds)


async def wait(seconds: float) -> bool:
    """Lets others go first for so long; tells whether somebody woke the task before its time."""
    return await _Wait(seconds)


class Task:
    """A coroutine on its way. One that is frozen, as by SIGSTOP, goes on when it thaws."""

    __slots__ = ("coroutine", "frozen", "over", "started", "turn")

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.coroutine, self.frozen = coroutine, 0.0
        self.turn, self.started, self.over = 0, False, False


class Schedule:
    """Runs tasks one step at a time.

    Args:
        chance: decides who goes first where two are due within a hair's breadth.

    Attributes:
        now: true time, in seconds since the beginning.
    """

    def __init__(self, chance: random.Random) -> None:
        self.now, self._chance = 0.0, chance
        self._queue: list[tuple[float, int, int, Task, bool]] = []
        self._pushed = 0

    def spawn(self, coroutine: Coroutine[Any, Any, None], after: float = 0.0) -> Task:
        """Starts a task in so many seconds."""
        task = Task(coroutine)
        self._push(task, after, woken=False)
        return task

    def at(self, after: float, call: Callable[[], object]) -> None:
        """Calls something in so many seconds."""

        async def later() -> None:
            call()

        self.spawn(later(), after)

    def wake(self, task: Task) -> None:
        """Lets a task that waits go on at once."""
        if not task.over:
            task.turn += 1
            self._push(task, 0.0, woken=True)

    def thaw(self, task: Task) -> None:
        """Lets a frozen task go on."""
        if task.frozen > self.now:
            task.frozen = self.now
            self.wake(task)

    def end(self, task: Task) -> None:
        """Ends a task where it stands, as SIGKILL does; nothing in it may go on."""
        if not task.over:
            task.over = True
            task.coroutine.close()

    def run(self, until: float) -> None:
        """Runs everything that is due by then."""
        while self._queue and self._queue[0][0] <= until:
            at, _, turn, task, woken = heappop(self._queue)
            if task.over or turn != task.turn:
                continue
            if task.frozen > at:
                self._push(task, task.frozen - self.now, woken=woken)
                continue
            self.now = max(self.now, at)
            self._step(task, woken)
        self.now = max(self.now, until)

    def stop(self) -> None:
        """Ends every task."""
        for _, _, _, task, _ in self._queue:
            self.end(task)
        self._queue.clear()

    def _step(self, task: Task, woken: bool) -> None:
        try:
            seconds = task.coroutine.send(woken if task.started else None)
        except StopIteration:
            task.over = True
            return
        task.started = True
        self._push(task, seconds, woken=False)

    def _push(self, task: Task, after: float, *, woken: bool) -> None:
        due = self.now + after + self._chance.random() * _HAIR
        self._pushed += 1
        heappush(self._queue, (due, self._pushed, task.turn, task, woken))
