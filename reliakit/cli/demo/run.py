"""The demo from its beginning to its end."""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from reliakit.cli.demo.figures import Figures
from reliakit.cli.demo.flags_file import FlagsFile
from reliakit.cli.demo.gateway import play_gateway
from reliakit.cli.demo.place import place
from reliakit.cli.demo.promises import Played, Promise, promises
from reliakit.cli.demo.regions import play_regions
from reliakit.cli.demo.server import WORKERS, log_of, serving
from reliakit.cli.demo.stage import Stage
from reliakit.cli.demo.summary import summarise
from reliakit.cli.demo.view import Display, View
from reliakit.cli.demo.watch import Watch
from reliakit.cli.demo.workers import Workers
from reliakit.cli.printing import on_terminal, tell
from reliakit.cli.shared import opened

__all__ = ["run"]


async def run(seconds: float | None, store: str) -> bool:
    """Runs the demo; tells whether everything happened that it promises.

    Args:
        seconds: of shopping; None for as long as the story takes.
        store: a URL, or `sqlite`.

    Raises:
        Failure: the server does not start.
        StoreError: the store can't be used.
    """
    _end_cleanly()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="reliakit-demo-")))
        file = FlagsFile(folder, await stack.enter_async_context(place(store)))
        tell(f"starting a server with {WORKERS} workers ...")
        url = await stack.enter_async_context(serving(folder, file.path))
        workers = await stack.enter_async_context(Workers(url))
        shared = opened(file.path, None, writes=True, optional=False)
        stack.push_async_callback(shared.store.close)
        with _display() as display:
            watch = Watch(shared, partial(display.say, colour="yellow"))
            view = View(url, file.path, seconds, Figures(), watch, workers.statuses)
            stage = Stage(view, file, workers, display)
            await stage.play()
        played = await stage.played()
        # A person who says for how long the users shop has come for that, and for nothing else.
        # The two last acts run beside each other: one has started by the time that the other is over.
        also = [] if seconds else await asyncio.gather(play_gateway(folder), play_regions(folder))
        kept = _judged(view, played, also)
        if not kept:
            tell(f"the end of the server's log:\n{log_of(folder)}")
    return kept


def _judged(view: View, played: Played, also: Sequence[Promise]) -> bool:
    judged = [*promises(played), *also]
    summarise(view, judged)
    return all(promise.kept is not False for promise in judged)


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
