"""`reliakit failover status`: where the regions of an upstream stand, and why."""

from pathlib import Path

import click

from reliakit.cli.fact_table import fact_table
from reliakit.cli.failover.found import Found, defined, found
from reliakit.cli.failover.standing import colour_of, facts, report
from reliakit.cli.options import as_json, place
from reliakit.cli.printing import on_terminal, print_json, print_line, screen
from reliakit.cli.shared import Shared, share

__all__ = ["command"]


@click.command("status")
@click.argument("name", metavar="UPSTREAM")
@place
@as_json
def command(name: str, file: Path, url: str | None, as_json: bool) -> None:
    """Tell where the regions of an upstream stand, and why.

    What each region gets, what the workers see of it, and what this failover has cost so far beside its objectives.

    \b
    Example:
      reliakit failover status shop
    """

    async def look(shared: Shared) -> Found:
        return await found(shared, defined(shared.known, name))

    _print(share(file, url, look), as_json)


def _print(standing: Found, as_json: bool) -> None:
    if as_json:
        print_json(report(standing))
    elif on_terminal():
        colour, scope = colour_of(standing.state) or "cyan", standing.reporting.line()
        screen().print(fact_table(facts(standing), colour, scope))
    else:
        print_line(standing.reporting.line())
        for name, fact in facts(standing):
            print_line(f"{name}: {fact}")
