"""Where the story is played: users who shop, and somebody who watches all of it."""

import asyncio
from contextlib import suppress
from time import monotonic

from reliakit.cli.demo.clients import shop_around
from reliakit.cli.demo.counted import Counted
from reliakit.cli.demo.flags_file import FlagsFile
from reliakit.cli.demo.promises import Played
from reliakit.cli.demo.story import Story
from reliakit.cli.demo.view import Display, View
from reliakit.cli.demo.workers import Workers
from reliakit.stores.protocol import StoreError

__all__ = ["Stage"]

_TICK = 0.05
"""Seconds; shorter than a worker waits before it believes an edit, so that ours and a person's are told apart."""
_SHOW_EVERY, _ASK_EVERY = 5, 10
_SETTLE_WITHIN, _BEAT = 8.0, 1.6
"""Seconds until all is counted, and in which every worker reports to the store at least once."""


class Stage:
    """Lets the users shop while the story is told, and keeps the view current."""

    def __init__(self, view: View, file: FlagsFile, workers: Workers, display: Display) -> None:
        self._view, self._file, self._workers, self._display = view, file, workers, display
        self._story = Story(view, file, workers, display)

    async def play(self) -> None:
        """Takes as long as the view says, or else the story."""
        view, closing = self._view, asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(shop_around(view.url, view.figures, closing))
            watching = group.create_task(self._watch())
            telling = group.create_task(self._story.play())
            if view.seconds is None:
                await asyncio.wait({telling})
            else:
                await asyncio.sleep(view.seconds)
            telling.cancel()
            watching.cancel()
            closing.set()

    async def played(self) -> Played:
        """Returns what there was, once all of it is counted."""
        served = await self._settled()
        with suppress(StoreError):
            await self._view.watch.look()
        self._display.update(self._view)
        story, exported = self._story, self._workers.counted()
        figures, watch = self._view.figures, self._view.watch
        return Played(figures, watch, exported, served, story.edit, story.killed, story.over)

    async def _watch(self) -> None:
        view, started, tick = self._view, monotonic(), 0
        self._display.update(view)
        while True:
            view.elapsed = monotonic() - started
            self._notice_hands()
            if tick % _ASK_EVERY == 0:
                await self._workers.ask()
            if tick % _SHOW_EVERY == 0:
                await self._look()
                self._display.update(view)
            tick += 1
            await asyncio.sleep(_TICK)

    async def _look(self) -> None:
        try:
            await self._view.watch.look()
        except StoreError as failed:  # the workers go on without it, and so does who watches them
            self._display.say(str(failed), "red")

    def _notice_hands(self) -> None:
        people = self._view.figures.people
        if people.judging and self._file.touched():
            people.judging = False
            self._display.say("you edited the file: watch the workers follow", "yellow")

    async def _settled(self) -> dict[str, int]:
        """Waits until the workers have counted what the clients saw: a worker counts when the answer is out, and
        tells the store a moment later.
        """
        served, changed, until = dict[str, int](), monotonic(), monotonic() + _SETTLE_WITHIN
        while monotonic() < until and (monotonic() < changed + _BEAT or not self._exported()):
            await self._workers.ask()
            with suppress(StoreError):
                found = dict(await self._view.watch.served())
                served, changed = found, changed if found == served else monotonic()
            await asyncio.sleep(_TICK)
        return served

    def _exported(self) -> bool:
        seen = self._view.figures.counted
        return all(
            account == seen.get(worker, Counted()) for worker, account in self._workers.counted().items()
        )
