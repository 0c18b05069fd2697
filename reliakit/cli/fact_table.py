"""How a status looks on a terminal: a fact a row, and last how many workers that is known from."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["fact_table"]


def fact_table(facts: Iterable[tuple[str, str]], colour: str, scope: str) -> "Table":
    """Returns a table of two columns.

    Args:
        facts: name and text; a name that stands in the row above is not said again.
        colour: of the phase.
        scope: the line about workers.
    """
    from rich.table import Table

    shown = Table(box=None, show_header=False, padding=(0, 2, 0, 0), title_justify="left")
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    before = ""
    for name, fact in facts:
        style = f"bold {colour}" if name == "phase" else None
        shown.add_row("" if name == before else name, fact, style=style)
        before = name
    shown.add_row("", scope.removeprefix("scope: "), style="dim")
    return shown
