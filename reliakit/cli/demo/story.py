"""What happens in the demo, act by act."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from reliakit.cli.demo import orders
from reliakit.cli.demo.flags_file import CHANGES, FLAG, FlagsFile
from reliakit.cli.demo.server import deploy
from reliakit.cli.demo.shop import BAD, GOOD
from reliakit.cli.demo.view import Display, View
from reliakit.cli.demo.workers import Workers
from reliakit.cli.printing import Failure
from reliakit.rollouts.events import Happening

__all__ = ["Edit", "Killed", "Story"]

_CAUGHT_WITHIN, _PROMOTED_WITHIN = 20.0, 50.0
"""Seconds after the order: of what takes longer the demo says that it did not happen."""
_ENDS = (
    Happening.PROMOTED,
    Happening.ROLLED_BACK,
    Happening.ABORTED,
    Happening.ERROR,
    Happening.INCONCLUSIVE,
)
_TICK = 0.05
_FIRST_LOOK, _BETWEEN = 3.0, 2.0
"""Seconds in which a person sees how things are, at first and between two acts."""
_EVIDENCE = 60
"""Requests of the good canary after which a worker is killed."""
_SUCCEEDED_WITHIN, _ARRIVED_WITHIN = 15.0, 6.0


@dataclass(frozen=True, slots=True)
class Edit:
    """The demo's own edit: when it was saved (monotonic), and how many users had the flag before."""

    at: float
    having: int


@dataclass(slots=True)
class Killed:
    """The worker that was killed, when (monotonic), and who came in its place."""

    worker: int
    at: float
    successor: int | None = None


class Story:
    """Edits the file, releases a bad and a good version, and kills a worker while the good one is judged.

    Attributes:
        edit: None where a person came first, or it has not happened yet.
        killed: None before it has happened.
        over: whether all acts have been played, however they ended.
    """

    def __init__(self, view: View, file: FlagsFile, workers: Workers, display: Display) -> None:
        self._view, self._file, self._workers, self._display = view, file, workers, display
        self.edit: Edit | None = None
        self.killed: Killed | None = None
        self.over = False

    async def play(self) -> None:
        """Plays all acts; each waits for what it has begun, and no longer than it may take."""
        await asyncio.sleep(_FIRST_LOOK)
        self._edit()
        await asyncio.sleep(_BETWEEN)
        try:
            await self._release(BAD)
            await self._until(lambda: self._ended(BAD), _CAUGHT_WITHIN)
            await asyncio.sleep(_BETWEEN)
            await self._release(GOOD)
            await self._kill_one(_PROMOTED_WITHIN)
        except Failure as refused:
            self._display.say(str(refused), "red")
        await self._until(self._arrived, _ARRIVED_WITHIN)
        await asyncio.sleep(_BETWEEN)
        self.over = True

    def _edit(self) -> None:
        people = self._view.figures.people
        if people.judging:
            having = people.having(FLAG, "on")
            self._file.edit()
            self.edit = Edit(monotonic(), having)
            self._display.say(f"at {self._view.elapsed:.0f} s the demo edited the file: {CHANGES}", "yellow")

    async def _release(self, version: str) -> None:
        deploy(self._file.path.parent, version)
        self._display.say(f"$ {orders.typed(version, self._file.path)}", "cyan")
        await orders.start(version, self._file.path)

    async def _kill_one(self, within: float) -> None:
        """Kills a worker once there is evidence to lose, and waits for what becomes of the release."""
        until = monotonic() + within
        await self._until(lambda: self._weighed() or self._ended(GOOD), within)
        before = self._workers.known
        if before:
            self.killed = Killed(max(before, key=self._answered), monotonic())
            os.kill(self.killed.worker, signal.SIGKILL)
            self._display.say(f"$ kill -9 {self.killed.worker}  # one of the workers", "cyan")
            await self._until(lambda: self._succeeded(before), _SUCCEEDED_WITHIN)
        await self._until(lambda: self._ended(GOOD), until - monotonic())

    def _succeeded(self, before: frozenset[int]) -> bool:
        new = self._workers.known - before
        if new and self.killed is not None:
            self.killed.successor = min(new)
            self._display.say(f"worker {min(new)} serves in its place", "yellow")
        return bool(new)

    def _arrived(self) -> bool:
        """Whether every user has met the good version; one looks at the shop every now and then."""
        people = self._view.figures.people
        return people.versions().get(GOOD) == len(people)

    def _answered(self, worker: int) -> int:
        return len(self._view.figures.came.get(worker, ()))

    def _weighed(self) -> bool:
        verdict = self._view.watch.verdict("promotion")
        state = self._view.watch.state
        mine = state is not None and state.release is not None and state.release.version == GOOD
        return mine and verdict is not None and verdict.counts.n_c >= _EVIDENCE

    def _ended(self, version: str) -> bool:
        return self._view.watch.event(version, *_ENDS) is not None

    async def _until(self, holds: Callable[[], Any], within: float) -> None:
        until = monotonic() + within
        while monotonic() < until:
            if holds():
                break
            await asyncio.sleep(_TICK)
