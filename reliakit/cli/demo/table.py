"""The demo on a terminal: a table that changes as one watches, below the story so far."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from reliakit.cli.demo.view import (
    Display,
    View,
    evidence_rows,
    flag_rows,
    reason_rows,
    standing,
    version_rows,
)
from reliakit.cli.printing import screen

__all__ = ["drawn", "live_table"]

_VERSION_HEADS = ("version", "requests", "share", "users", "errors", "p50", "p95")
_BAR = 40


@contextmanager
def live_table() -> Iterator[Display]:
    """Shows a view on the terminal, and leaves its last state standing there."""
    with Live(console=screen(), refresh_per_second=4) as live:
        yield _Table(live)


class _Table:
    def __init__(self, live: Live) -> None:
        self._live = live

    def update(self, view: View) -> None:
        self._live.update(drawn(view))

    def say(self, text: str, colour: str | None = None) -> None:
        self._live.console.print(Text(text, style=colour or ""))


def drawn(view: View) -> RenderableType:
    """Returns what the screen is to show."""
    below = Table.grid(padding=(0, 4))
    below.add_row(
        _table("flags", ("flag", "variant", "users", "share"), flag_rows(view.figures), words=2),
        _table("evaluations", ("flag, reason", "count"), reason_rows(view.figures), words=1),
    )
    versions = _table(
        "versions, as the clients see them", _VERSION_HEADS, version_rows(view.figures), words=1
    )
    problems = [Text(problem, style="red") for problem in view.problems]
    return Group(Text(), _head(view), _release(view), versions, below, *problems)


def _head(view: View) -> Text:
    time = f"{view.elapsed:.0f} s" + ("" if view.seconds is None else f" of {view.seconds:.0f}")
    return Text.assemble(
        ("reliakit demo", "bold"),
        f"  {len(view.figures.people)} users at {view.url}, {time}\n",
        "edit it and save: ",
        (str(view.path), "bold cyan"),
        overflow="fold",
    )


def _release(view: View) -> RenderableType:
    bars = Table.grid(padding=(0, 2))
    # Always two rows, so that what is below stays where it is.
    rows = [*evidence_rows(view), ("", "", 0.0), ("", "", 0.0)][:2]
    for (meaning, said, way), style in zip(rows, ("red", "green"), strict=True):
        bar = ProgressBar(1.0, way, width=_BAR, complete_style=style, finished_style=style)
        bars.add_row(meaning, bar if meaning else "", said)
    return Group(Text(standing(view), style="bold", no_wrap=True, overflow="ellipsis"), bars)


def _table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], words: int) -> Table:
    """Returns a table whose first `words` columns are words and the others numbers; low, so that all fits 24 lines."""
    table = Table(
        title=title,
        title_style="bold",
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
        header_style="dim",
    )
    for index, head in enumerate(heads):
        table.add_column(head, justify="left" if index < words else "right")
    for row in rows:
        table.add_row(*row)
    return table
