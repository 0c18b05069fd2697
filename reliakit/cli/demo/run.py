"""The demo from its beginning to its end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from reliakit.cli.demo.clients import shop_around
from reliakit.cli.demo.figures import Figures
from reliakit.cli.demo.flags_file import CHANGES, FLAG, FlagsFile
from reliakit.cli.demo.promises import Edit, promises
from reliakit.cli.demo.server import log_of, serving
from reliakit.cli.demo.summary import summarise
from reliakit.cli.demo.view import Display, View
from reliakit.cli.demo.workers import Workers
from reliakit.cli.printing import on_terminal, tell

__all__ = ["run"]

_TICK = 0.05
"""Seconds; shorter than a worker waits before it believes an edit, so that ours and a person's are told apart."""
_SHOW_EVERY, _ASK_EVERY = 5, 10
_SETTLE_WITHIN = 3.0


async def run(seconds: float) -> bool:
    """Runs the demo for `seconds` of shopping; tells whether everything happened that it promises.

    Raises:
        Failure: the server does not start.
    """
    _end_cleanly()
    tell("starting a server with two workers ...")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="reliakit-demo-")))
        file = FlagsFile(folder)
        url = await stack.enter_async_context(serving(folder, file.path))
        workers = await stack.enter_async_context(Workers(url))
        view = View(url, file.path, seconds, Figures(), workers.statuses)
        stage = _Stage(view, file, workers)
        with _display() as display:
            await stage.play(display)
        judged = list(promises(view.figures, workers.counted(), stage.edit))
        summarise(view, judged)
        kept = all(promise.kept is not False for promise in judged)
        if not kept:
            tell(f"the end of the server's log:\n{log_of(folder)}")
    return kept


def _end_cleanly() -> None:
    """Lets whoever ends us politely have the clean end of Ctrl-C; what a parent ignores (nohup) stays ignored."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


@contextmanager
def _display() -> Iterator[Display]:
    if on_terminal():
        from reliakit.cli.demo.table import live_table

        with live_table() as table:
            yield table
    else:
        from reliakit.cli.demo.lines import Lines

        yield Lines()


class _Stage:
    """Lets the users shop, edits the file half-way, and keeps the view current.

    Attributes:
        edit: the demo's own, once it is made.
    """

    def __init__(self, view: View, file: FlagsFile, workers: Workers) -> None:
        self._view, self._file, self._workers = view, file, workers
        self.edit: Edit | None = None

    async def play(self, display: Display) -> None:
        """Takes as long as the view says, and a moment more until all is counted."""
        closing = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(shop_around(self._view.url, self._view.figures, closing))
            await self._watch(display)
            closing.set()
        await self._settle()
        display.update(self._view)

    async def _watch(self, display: Display) -> None:
        view, started, tick = self._view, monotonic(), 0
        while (elapsed := monotonic() - started) < view.seconds:
            view.elapsed = elapsed
            self._look_after_file()
            if tick % _ASK_EVERY == 0:
                await self._workers.ask()
            if tick % _SHOW_EVERY == 0:
                display.update(view)
            tick += 1
            await asyncio.sleep(_TICK)

    def _look_after_file(self) -> None:
        people = self._view.figures.people
        if people.judging and self._file.touched():
            people.judging = False
            self._view.note = "you edited the file: watch the workers follow"
        if people.judging and self.edit is None and self._view.elapsed >= self._view.seconds / 2:
            having = people.having(FLAG, "on")
            self._file.edit()
            self.edit = Edit(monotonic(), having)
            self._view.note = f"at {self._view.elapsed:.0f} s the demo edited the file: {CHANGES}"

    async def _settle(self) -> None:
        """Waits until the workers have counted what the clients saw: a worker counts when the answer is out."""
        self._view.elapsed = self._view.seconds
        until = monotonic() + _SETTLE_WITHIN
        await self._workers.ask()
        while self._workers.counted() != self._view.figures.counted and monotonic() < until:
            await asyncio.sleep(_TICK)
            await self._workers.ask()
