"""`reliakit flag list`: flags as the file has them, and what somebody has pinned."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reliakit.cli.flag.pinning import flag_in
from reliakit.cli.flag.words import pinned, value_of, written
from reliakit.cli.options import as_json, place
from reliakit.cli.printing import on_terminal, print_json, print_line, screen, tell
from reliakit.cli.reports import reporting
from reliakit.cli.shared import Shared, share
from reliakit.definitions.models import Definitions
from reliakit.runtime.documents import OVERRIDE, Pin, pins_in

__all__ = ["command"]


@click.command("list")
@click.argument("key", metavar="[FLAG]", required=False)
@click.option("--pinned", "only", is_flag=True, help="Only flags that somebody has pinned.")
@place
@as_json
def command(key: str | None, only: bool, file: Path, url: str | None, as_json: bool) -> None:
    """Show flags as the file has them, beside what somebody has pinned.

    \b
    Examples:
      reliakit flag list
      reliakit flag list new_checkout --json
      reliakit flag list --pinned
    """

    async def look(shared: Shared) -> "_Found":
        tell((await reporting(shared)).line(), "bright_black")
        if key is not None:
            flag_in(shared.known, key)
        documents = await shared.store.read((OVERRIDE,))
        pins = {flag: pin for flag, pin in pins_in(documents.found).items() if pin.holds(documents.time)}
        return _Found(shared.known, pins, documents.time)

    found = share(file, url, look)
    rows = [each for each in found.rows() if (key in (None, each.key)) and (each.pin or not only)]
    if as_json:
        print_json([_report(each) for each in rows])
    elif on_terminal():
        _show(rows, found.now)
    else:
        for each in rows:
            print_line(
                f"{each.key}: {each.file}" + (f"; pinned {pinned(each.pin, found.now)}" if each.pin else "")
            )


@dataclass(frozen=True, slots=True)
class _Row:
    key: str
    file: str
    pin: Pin | None


@dataclass(frozen=True, slots=True)
class _Found:
    definitions: Definitions
    pins: Mapping[str, Pin]
    now: float

    def rows(self) -> Iterator[_Row]:
        for key, flag in self.definitions.flags.items():
            yield _Row(key, written(flag), self.pins.get(key))
        for key, pin in self.pins.items():
            if key not in self.definitions.flags:
                yield _Row(key, "not in the file", pin)


def _show(rows: Iterable[_Row], now: float) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("flag", "file", "pinned"):
        table.add_column(title, overflow="fold")
    for each in rows:
        table.add_row(
            each.key,
            each.file,
            pinned(each.pin, now) if each.pin else "",
            style="yellow" if each.pin else None,
        )
    screen().print(table)


def _report(row: _Row) -> dict[str, Any]:
    pin = row.pin
    return {
        "flag": row.key,
        "file": row.file,
        "pin": pin
        and {
            "value": value_of(pin),
            "reason": pin.reason,
            "by": pin.by,
            "at": pin.at,
            "until": pin.until,
        },
    }
