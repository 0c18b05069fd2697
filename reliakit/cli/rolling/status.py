"""`reliakit rolling status`: where a replacement stands and why, once or until it ends."""

import asyncio
import json
import time
from pathlib import Path

import click

from reliakit.cli.moments import moment
from reliakit.cli.options import LENGTH, as_json, place
from reliakit.cli.printing import print_json, print_line, tell
from reliakit.cli.rolling.found import Standing, standing
from reliakit.cli.rolling.standing import colour_of, facts, report, summary
from reliakit.cli.shared import Shared, share
from reliakit.failover.rolling.phases import Phase
from reliakit.stores.protocol import StoreError

__all__ = ["command"]

_INTERRUPTED = 130
_PERIOD = 1.0


@click.command("status")
@click.argument("name", metavar="UPSTREAM")
@click.option("--watch", is_flag=True, help="Go on until the replacement ends, or Ctrl-C.")
@click.option("--timeout", type=LENGTH, metavar="10m", help="For --watch: give up after this time.")
@place
@as_json
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    watch: bool,
    timeout: float | None,
    file: Path,
    url: str | None,
    as_json: bool,
) -> None:
    """Tell where the replacement of an upstream's endpoints stands, and why.

    --watch looks every second, and prints a line whenever something has changed.

    \b
    Examples:
      reliakit rolling status shop
      reliakit rolling status shop --watch --timeout 30m

    Exit code 1 where --watch ends otherwise than with success, or the time is over.
    """
    if not watch:
        _print(share(file, url, lambda shared: standing(shared, name)), as_json)
        return
    try:
        succeeded = share(file, url, lambda shared: _watched(shared, name, timeout, as_json))
    except KeyboardInterrupt:
        ctx.exit(_INTERRUPTED)
    ctx.exit(0 if succeeded else 1)


def _print(found: Standing, as_json: bool) -> None:
    state = found.held.state if found.held else None
    if as_json:
        print_json({**report(found.definition.upstream, state), "scope": found.workers.report()})
        return
    print_line(found.workers.line(), "bright_black")
    for name, fact in facts(found):
        print_line(f"{name}: {fact}", colour_of(state) if state and name == "phase" else None)


async def _watched(shared: Shared, name: str, within: float | None, as_json: bool) -> bool:
    """Looks until the replacement ends; tells whether it succeeded."""
    end, said = None if within is None else time.monotonic() + within, ""
    while True:
        try:
            found = await standing(shared, name)
        except StoreError as failed:
            if not said:
                raise
            tell(f"{failed}; it is asked again", "yellow")
        else:
            state = found.held.state if found.held else None
            said = _say(found, said, as_json)
            if state is None or not state.active:
                return state is not None and state.phase is Phase.SUCCESSFUL
        if end is not None and time.monotonic() >= end:
            tell("the time is over", "yellow")
            return False
        await asyncio.sleep(_PERIOD)


def _say(found: Standing, said: str, as_json: bool) -> str:
    """Prints what is news; returns what was said."""
    if found.held is None:
        tell("no replacement was ever started", "yellow")
        return "nothing"
    state = found.held.state
    steps = ", ".join(f"{unit.address} {unit.step}" for unit in state.units if unit.busy)
    news = summary(state) + (f"; {steps}" if steps else "")
    if news != said and as_json:
        click.echo(json.dumps(report(found.definition.upstream, state)))
    elif news != said:
        print_line(f"{moment(found.now)}  {news}", colour_of(state))
    return news
