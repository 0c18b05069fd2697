"""`reliakit rollout history`: the releases of a rollout and what became of them."""

from collections import deque
from pathlib import Path
from typing import Any

import click

from reliakit.cli.moments import moment, span
from reliakit.cli.options import as_json, place
from reliakit.cli.printing import on_terminal, print_json, print_line, screen, tell
from reliakit.cli.reports import reporting
from reliakit.cli.rollout.releases import Told, releases
from reliakit.cli.shared import Shared, share

__all__ = ["command"]

_COLOURS = {"Successful": "green", "Failed": "red", "Error": "red"}


@click.command("history")
@click.argument("name")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="The last so many."
)
@place
@as_json
def command(name: str, limit: int, file: Path, url: str | None, as_json: bool) -> None:
    """List the releases of a rollout and what became of them.

    \b
    Examples:
      reliakit rollout history shop
      reliakit rollout history shop --limit 100 --json
    """

    async def look(shared: Shared) -> list[Told]:
        tell((await reporting(shared)).line(), "bright_black")
        return list(deque([each async for each in releases(shared, name)], limit))

    found = share(file, url, look, optional=True)
    if as_json:
        print_json([_report(each) for each in found])
    elif on_terminal():
        _show(found)
    else:
        for each in found:
            print_line("  ".join(_cells(each)))
    if not found:
        tell(f"the journal knows no release of {name}")


def _cells(release: Told) -> tuple[str, ...]:
    took = span(release.last.at - release.started)
    state = str(release.last.after) if release.ended else f"{release.last.after} at {release.last.weight:g} %"
    return (
        str(release.number),
        release.version,
        release.slot,
        moment(release.started),
        took,
        state,
        release.outcome,
    )


def _show(found: list[Told]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("release", "version", "slot", "started", "took", "phase", "outcome"):
        table.add_column(title, overflow="fold")
    for each in found:
        table.add_row(*_cells(each), style=_COLOURS.get(str(each.last.after)))
    screen().print(table)


def _report(release: Told) -> dict[str, Any]:
    return {
        "release": release.number,
        "version": release.version,
        "slot": release.slot,
        "started": release.started,
        "last": release.last.at,
        "ended": release.ended,
        "phase": release.last.after,
        "outcome": release.outcome,
    }
