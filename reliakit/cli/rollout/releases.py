"""Releases as the journal has them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from reliakit.cli.pages import events
from reliakit.cli.shared import Shared
from reliakit.rollouts.events import Event, Happening
from reliakit.rollouts.phases import Phase

__all__ = ["Told", "decides", "events_of", "releases"]

_ENDS = frozenset({Phase.SUCCESSFUL, Phase.FAILED})
_SILENT = frozenset({Happening.SETTLED, Happening.DEFINED, Happening.STOPPED, Happening.WARNED})
"""What happens beside the way of a release, and is not what became of it. A worker's notice that it has stopped may
also come after the end.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One release, by its events.

    Attributes:
        number, version, slot: of the release.
        started: when its first event was, of those that are left.
        last: the last event that says what became of it.
    """

    number: int
    version: str
    slot: str
    started: float
    last: Event

    @property
    def ended(self) -> bool:
        """Whether nothing more can come of it."""
        return self.last.after in _ENDS

    @property
    def outcome(self) -> str:
        """What became of it, in a sentence."""
        return self.last.sentence


def decides(event: Event) -> bool:
    """Whether an event says what became of its release."""
    return event.what not in _SILENT


async def events_of(shared: Shared, rollout: str) -> AsyncIterator[Event]:
    """Yields what the journal has of a rollout, oldest first; what a newer version wrote is left out."""
    async for record in events(shared.store, rollout):
        try:
            event = Event.from_record(record)
        except (ValueError, TypeError):
            continue
        yield event


async def releases(shared: Shared, rollout: str) -> AsyncIterator[Told]:
    """Yields the releases of a rollout, oldest first."""
    present: Told | None = None
    async for event in events_of(shared, rollout):
        if not event.number:
            continue
        if present is not None and event.number != present.number:
            yield present
            present = None
        if present is None:
            present = Told(event.number, event.version, event.slot, event.at, event)
        elif decides(event):
            present = replace(present, last=event)
    if present is not None:
        yield present
