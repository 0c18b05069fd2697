"""`reliakit status`: everything at one look."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reliakit.cli.failover import standing as regions
from reliakit.cli.flag.words import pinned, value_of
from reliakit.cli.moments import span
from reliakit.cli.options import as_json, place
from reliakit.cli.overview import Overview, overview
from reliakit.cli.printing import on_terminal, print_json, print_line, screen
from reliakit.cli.reports import Seen
from reliakit.cli.rolling import standing as replacements
from reliakit.cli.rollout.standing import colour_of, summary
from reliakit.cli.shared import opened, used
from reliakit.stores.protocol import StoreError

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["command", "reported"]


@click.command("status")
@place
@as_json
@click.pass_context
def command(ctx: click.Context, file: Path, url: str | None, as_json: bool) -> None:
    """Show the file, the store, the workers, the rollouts and the pins.

    \b
    Examples:
      reliakit status
      reliakit status --store redis://cache:6379 --json

    Exit code 1 where there is something to look into, 2 where the store can't be reached.
    """
    found = _found(file, url)
    if as_json:
        print_json(_report(found))
    elif on_terminal():
        _show(found)
    else:
        for line in (
            *_head(found),
            *map(_worker, found.seen),
            *_upstreams(found),
            *_rollouts(found),
            *_replacements(found),
            *_regions(found),
            *_pins(found),
        ):
            print_line(line)
    if not as_json:
        for problem in found.problems:
            print_line(f"problem: {problem}", "yellow")
    ctx.exit(2 if found.trouble else 1 if found.problems else 0)


def reported(file: Path, url: str | None) -> dict[str, Any]:
    """Returns what the command prints as JSON.

    Raises:
        Failure: neither the definitions nor their last good copy can be used.
    """
    return _report(_found(file, url))


def _found(file: Path, url: str | None) -> Overview:
    shared = opened(file, url, writes=False, optional=True)
    try:
        return used(shared, overview)
    except StoreError as failed:
        return Overview(shared, None, {}, {}, str(failed))


def _head(found: Overview) -> Iterator[str]:
    yield f"file: {found.file}"
    yield f"store: {found.shared.name}{': ' + found.trouble if found.trouble else ' answers'}"
    if found.reporting is not None:
        yield found.reporting.line()


def _worker(seen: Seen) -> str:
    return "worker: " + "  ".join(_cells(seen))


def _cells(seen: Seen) -> tuple[str, ...]:
    about = seen.about
    last = f"{span(seen.age)} ago{'' if seen.live else ', silent'}"
    return about.host, str(about.pid), about.version or "?", about.revision or "-", last


def _rollouts(found: Overview) -> Iterator[str]:
    for name, each in found.states.items():
        yield f"rollout: {name}: {summary(each.state)}{_late(found.behind(name))}"


def _upstreams(found: Overview) -> Iterator[str]:
    for each in found.upstreams:
        yield f"upstream: {each.line()}"


def _replacements(found: Overview) -> Iterator[str]:
    for name, state in found.replacements.items():
        yield f"replacing: {name}: {replacements.summary(state)}"


def _regions(found: Overview) -> Iterator[str]:
    for name, state in found.regions.items():
        yield f"regions: {name}: {regions.summary(state)}: {state.why}"


def _late(workers: list[str]) -> str:
    return f" (behind: {', '.join(workers)})" if workers else ""


def _pins(found: Overview) -> Iterator[str]:
    for flag, pin in found.pins.items():
        yield f"pin: {flag}: {pinned(pin, found.now)}"


def _show(found: Overview) -> None:
    for line in _head(found):
        screen().print(line)
    if found.seen:
        screen().print(_workers(found.seen))
    for each in found.upstreams:
        screen().print(f"upstream {each.line()}", style="yellow" if each.unwell else None)
    for name, state in found.states.items():
        line = f"{name}: {summary(state.state)}{_late(found.behind(name))}"
        screen().print(line, style=colour_of(state.state))
    for name, replacement in found.replacements.items():
        line = f"{name}: {replacements.summary(replacement)}"
        screen().print(line, style=replacements.colour_of(replacement))
    for name, region in found.regions.items():
        line = f"{name}: {regions.summary(region)}: {region.why}"
        screen().print(line, style=regions.colour_of(region))
    for line in _pins(found):
        screen().print(line, style="yellow")


def _workers(seen: Iterable[Seen]) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("host", "pid", "reliakit", "revision", "last report"):
        table.add_column(title, overflow="fold")
    for each in seen:
        table.add_row(*_cells(each), style=None if each.live else "dim")
    return table


def _report(found: Overview) -> dict[str, Any]:
    return {
        "file": str(found.shared.file),
        "file_problems": [str(each) for each in found.shared.problems],
        "store": {"name": found.shared.name, "reachable": not found.trouble, "trouble": found.trouble},
        "scope": found.reporting and found.reporting.report(),
        "workers": [_worker_report(each) for each in found.seen],
        "upstreams": {
            each.name: {
                "endpoints": each.endpoints,
                "workers": each.workers,
                "lost": each.lost,
                "unwell": [
                    {"endpoint": address, "status": status, "workers": count}
                    for (address, status), count in sorted(each.unwell.items())
                ],
            }
            for each in found.upstreams
        },
        "rollouts": {
            name: {**each.state.to_record(), "behind": found.behind(name)}
            for name, each in found.states.items()
        },
        "regions": {name: each.to_record() for name, each in found.regions.items()},
        "replacements": {name: replacements.report(name, each) for name, each in found.replacements.items()},
        "pins": {
            flag: {
                "value": value_of(pin),
                "reason": pin.reason,
                "by": pin.by,
                "at": pin.at,
                "until": pin.until,
            }
            for flag, pin in found.pins.items()
        },
        "problems": list(found.problems),
    }


def _worker_report(seen: Seen) -> dict[str, Any]:
    about = seen.about
    return {
        "name": seen.name,
        "host": about.host,
        "pid": about.pid,
        "version": about.version,
        "revision": about.revision,
        "last_report": round(seen.age, 3),
        "live": seen.live,
        "states": about.states,
        "ready": about.ready,
        "stopped": about.stopped,
    }
