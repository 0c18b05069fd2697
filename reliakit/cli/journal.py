"""`reliakit journal`: what happened, who did it, and whether the record is whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reliakit.cli.moments import moment
from reliakit.cli.options import LENGTH, place
from reliakit.cli.pages import entries, pages
from reliakit.cli.printing import plural, print_line, tell
from reliakit.cli.reports import reporting
from reliakit.cli.shared import Shared, share
from reliakit.cli.telling import sentence, who
from reliakit.runtime.journal import Broken, read_entry, verify
from reliakit.stores.protocol import Entry

__all__ = ["command"]


@click.command("journal")
@click.option("--since", type=LENGTH, metavar="2h", help="Only what happened in this time.")
@click.option("--rollout", metavar="NAME", help="Only what happened to this rollout.")
@click.option(
    "--upstream", metavar="NAME", help="Only what happened to the endpoints or regions of this upstream."
)
@click.option("--verify", "verifies", is_flag=True, help="Check the chain of hashes instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@place
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    url: str | None,
    since: float | None,
    rollout: str | None,
    upstream: str | None,
    verifies: bool,
    as_json: bool,
) -> None:
    """Show what happened, oldest first.

    Releases, pins of flags and changes of the definitions, with who did it. Each entry holds the hash of the one before it; --verify finds an entry that was changed or is missing, and needs nothing but the journal.

    \b
    Examples:
      reliakit journal --since 2h
      reliakit journal --rollout shop --json | jq .event.sentence
      reliakit journal --verify

    Exit code 1 where --verify finds something.
    """
    if verifies:
        found = share(file, url, lambda shared: _verified(shared, as_json), optional=True)
        _conclude(found, as_json)
        ctx.exit(1 if found.broken else 0)
    wanted = _Wanted(since, rollout, upstream)
    share(file, url, lambda shared: _shown(shared, wanted, as_json), optional=True)


@dataclass(frozen=True, slots=True)
class _Wanted:
    since: float | None
    rollout: str | None
    upstream: str | None

    def holds(self, event: Mapping[str, Any], now: float) -> bool:
        if self.rollout is not None and event.get("rollout") != self.rollout:
            return False
        if self.upstream is not None and event.get("upstream") != self.upstream:
            return False
        return self.since is None or float(event.get("at") or now) >= now - self.since


async def _shown(shared: Shared, wanted: _Wanted, as_json: bool) -> None:
    known = await reporting(shared)
    tell(known.line(), "bright_black")
    async for entry in entries(shared.store):
        try:
            event = read_entry(entry.text).event
        except ValueError as wrong:
            tell(f"entry {entry.number}: {wrong}", "red")
            continue
        if wanted.holds(event, known.now):
            print_line(entry.text if as_json else _line(entry, event))


def _line(entry: Entry, event: Mapping[str, Any]) -> str:
    at, by = event.get("at"), who(event)
    when = moment(at) if isinstance(at, int | float) else "at some time"
    return f"{entry.number}  {when}  {sentence(event)}{' - ' if by else ''}{by}"


@dataclass(slots=True)
class _Verified:
    """What was found so far."""

    count: int = 0
    first: int = 0
    last: int = 0
    broken: int = 0


async def _verified(shared: Shared, as_json: bool) -> _Verified:
    tell((await reporting(shared)).line(), "bright_black")
    found, before = _Verified(), None
    async for page in pages(shared.store):
        found.first = found.first or page[0].number
        # The last entry of the page before is looked at again, since the chain goes over the edge.
        for each in verify([*([before] if before else []), *page]):
            if before is None or each.number != before.number:
                _say(found, each, as_json)
        found.count, found.last, before = found.count + len(page), page[-1].number, page[-1]
    last = await shared.store.last()
    if last is not None and last.number > found.last:
        _say(found, Broken(last.number, f"entries after {found.last} are missing"), as_json)
    return found


def _say(found: _Verified, broken: Broken, as_json: bool) -> None:
    found.broken += 1
    if as_json:
        click.echo(json.dumps({"number": broken.number, "why": broken.why}))
    else:
        print_line(f"entry {broken.number}: {broken.why}", "red")


def _conclude(found: _Verified, as_json: bool) -> None:
    if as_json:
        fields = {"entries": found.count, "first": found.first, "last": found.last, "broken": found.broken}
        click.echo(json.dumps(fields))
    elif found.broken:
        tell(f"the journal is not what was written: {plural(found.broken, 'place')}", "red")
    else:
        whole = f", {found.first} to {found.last}: the chain is whole" if found.count else ""
        print_line(f"{found.count:,} {'entry' if found.count == 1 else 'entries'}{whole}", "green")
