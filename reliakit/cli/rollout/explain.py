"""`reliakit rollout explain`: the story of one release."""

from collections.abc import Iterator
from pathlib import Path

import click

from reliakit.cli.moments import moment, span
from reliakit.cli.options import as_json, place
from reliakit.cli.people import named
from reliakit.cli.printing import print_json, print_line, tell
from reliakit.cli.reports import reporting
from reliakit.cli.rollout.releases import decides, events_of
from reliakit.cli.shared import Refusal, Shared, share
from reliakit.cli.telling import labelled, looked, told
from reliakit.rollouts.events import Event, Happening

__all__ = ["command"]

_COLOURS = {
    Happening.ROLLED_BACK: "red",
    Happening.ABORTED: "red",
    Happening.ERROR: "red",
    Happening.INCONCLUSIVE: "yellow",
    Happening.PAUSED: "yellow",
    Happening.PROMOTED: "green",
}


@click.command("explain")
@click.argument("name")
@click.argument("number", type=click.IntRange(1), required=False)
@place
@as_json
def command(name: str, number: int | None, file: Path, url: str | None, as_json: bool) -> None:
    """Tell the story of a release, by the journal.

    The last one, or the one with this NUMBER. Every move is there with its time, its evidence, and who made it where that was not the rules.

    \b
    Examples:
      reliakit rollout explain shop
      reliakit rollout explain shop 12 --json

    Exit code 1 where the journal knows no such release.
    """

    async def look(shared: Shared) -> list[Event]:
        tell((await reporting(shared)).line(), "bright_black")
        return await _story(shared, name, number)

    found = share(file, url, look, optional=True)
    if not found:
        raise Refusal(f"the journal knows no release{f' {number}' if number else ''} of {name}")
    if as_json:
        print_json([event.to_record() for event in found])
    else:
        _tell(found)


async def _story(shared: Shared, name: str, number: int | None) -> list[Event]:
    """Returns the events of one release: without a number, of the last that there are any of."""
    story: list[Event] = []
    async for event in events_of(shared, name):
        if not event.number or (number is not None and event.number != number):
            continue
        if story and story[0].number < event.number:
            story = []
        if not story or event.number == story[0].number:
            story.append(event)
    return story


def _tell(story: list[Event]) -> None:
    first, last = story[0], next((each for each in reversed(story) if decides(each)), story[-1])
    lasted = span(last.at - first.at)
    print_line(
        f"{first.rollout} release {first.number}: {first.version} in {first.slot}, {last.after} after {lasted}"
    )
    for event in story:
        by = named(event.actor)
        print_line(f"{moment(event.at)}  {told(event)}{' - ' if by else ''}{by}", _COLOURS.get(event.what))
        for line in _evidence(event):
            print_line(f"{'':22}{line}", "bright_black")


def _evidence(event: Event) -> Iterator[str]:
    """Yields what else was known then: the weightiest is in the sentence."""
    for verdict in looked(event.verdicts)[1:]:
        yield f"{labelled(verdict)}: {verdict.sentence}"
