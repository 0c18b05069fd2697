"""The demo on a terminal: a table that changes as one watches."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reliakit.cli.demo.view import Display, View, flag_rows, reason_rows, slot_rows
from reliakit.cli.printing import screen

__all__ = ["live_table"]

_SLOT_HEADS = ("slot", "requests", "share", "users", "errors", "p50", "p95")


@contextmanager
def live_table() -> Iterator[Display]:
    """Shows a view on the terminal, and leaves its last state standing there."""
    with Live(console=screen(), refresh_per_second=4) as live:
        yield _Table(live)


class _Table:
    def __init__(self, live: Live) -> None:
        self._live = live

    def update(self, view: View) -> None:
        self._live.update(_drawn(view))


def _drawn(view: View) -> RenderableType:
    below = Table.grid(padding=(0, 4))
    below.add_row(
        _table("flags", ("flag", "variant", "users", "share"), flag_rows(view.figures), words=2),
        _table("evaluations", ("flag, reason", "count"), reason_rows(view.figures), words=1),
    )
    slots = _table("slots, as the clients see them", _SLOT_HEADS, slot_rows(view.figures), words=1)
    problems = [Text(problem, style="red") for problem in view.problems]
    return Group(_head(view), Text(), slots, below, *problems, Text(view.note, style="yellow"))


def _head(view: View) -> Text:
    left = max(0.0, view.seconds - view.elapsed)
    return Text.assemble(
        ("reliakit demo", "bold"),
        f"  {len(view.figures.people)} users, {len(view.statuses)} workers at {view.url}, {left:.0f} s to go\n",
        "edit it and save: ",
        (str(view.path), "bold cyan"),
        overflow="fold",
    )


def _table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], words: int) -> Table:
    """Returns a table whose first `words` columns are words and the others numbers."""
    table = Table(title=title, title_style="bold", title_justify="left")
    for index, head in enumerate(heads):
        table.add_column(head, justify="left" if index < words else "right")
    for row in rows:
        table.add_row(*row)
    return table
