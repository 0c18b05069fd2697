"""`reliakit rollout status`: where a rollout stands and why, once or until its release ends."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reliakit.cli.fact_table import fact_table
from reliakit.cli.options import LENGTH, as_json, place
from reliakit.cli.printing import on_terminal, print_json, print_line, screen
from reliakit.cli.rollout.found import Standing, defined, standing
from reliakit.cli.rollout.standing import colour_of, facts, report
from reliakit.cli.shared import Shared, share

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["command", "table"]

_INTERRUPTED = 130


@click.command("status")
@click.argument("name")
@click.option("--watch", is_flag=True, help="Go on until the release ends, or Ctrl-C.")
@click.option(
    "--until",
    type=click.Choice(["promoted", "ended"]),
    default="ended",
    show_default=True,
    help="For --watch.",
)
@click.option("--timeout", type=LENGTH, metavar="10m", help="For --watch: give up after this time.")
@place
@as_json
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    watch: bool,
    until: Literal["promoted", "ended"],
    timeout: float | None,
    file: Path,
    url: str | None,
    as_json: bool,
) -> None:
    """Tell where a rollout stands, and why.

    The evidence is that of the last fold, each test with its E and the threshold of it. --watch looks every second; in a pipe it prints a line whenever something has changed.

    \b
    Examples:
      reliakit rollout status shop
      reliakit rollout status shop --watch
      reliakit rollout status shop --watch --until promoted --timeout 2h

    Exit code 1 where --watch --until promoted ends otherwise, or the time is over.
    """
    if watch:
        from reliakit.cli.rollout.watching import Watch

        watching = Watch(name, until, timeout, as_json)
        try:
            share(file, url, watching.run)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)
        ctx.exit(0 if watching.reached else 1)

    async def look(shared: Shared) -> Standing:
        return await standing(shared, defined(shared.known, name))

    _print(share(file, url, look), as_json)


def _print(found: Standing, as_json: bool) -> None:
    if as_json:
        print_json(report(found))
    elif on_terminal():
        screen().print(table(found))
    else:
        print_line(found.workers.line())
        for name, fact in facts(found):
            print_line(f"{name}: {fact}")


def table(found: Standing) -> "Table":
    """Returns it for a terminal."""
    return fact_table(facts(found), colour_of(found.state) or "cyan", found.workers.line())
