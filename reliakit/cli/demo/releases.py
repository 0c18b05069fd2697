"""What the demo promises about its two releases, by the journal and by what the users met."""

from collections.abc import Iterator
from math import inf

from reliakit.cli.demo.orders import NAME
from reliakit.cli.demo.people import People
from reliakit.cli.demo.shop import BAD, GOOD, GREEN
from reliakit.cli.demo.watch import Watch
from reliakit.cli.telling import looked
from reliakit.rollouts.events import RULE, Event, Happening

__all__ = ["overruled", "releases"]

_STOPPED_BEFORE = 0.25
"""Seconds by which a worker may have stopped to send anything to a canary when it writes down the time."""


def releases(watch: Watch, people: People) -> Iterator[tuple[bool, str]]:
    """Yields whether each promise was kept, and what happened."""
    yield _caught(watch)
    yield _promoted(watch, people)
    yield _nobody_moved(watch, people)


def overruled(watch: Watch) -> bool:
    """Whether a person has given orders too: what followed is theirs."""
    return any(event.actor.kind == "person" and event.actor.name != NAME for event, _ in watch.events)


def _caught(watch: Watch) -> tuple[bool, str]:
    found = watch.event(BAD, Happening.ROLLED_BACK)
    if found is None:
        return False, f"{BAD} was not rolled back"
    event = found[0]
    evidence = looked(event.verdicts)
    why = evidence[0].sentence if evidence else event.sentence
    return (
        event.actor == RULE,
        f"{BAD} was caught and rolled back after {_took(watch, BAD, event):.1f} s: {why}",
    )


def _promoted(watch: Watch, people: People) -> tuple[bool, str]:
    found = watch.event(GOOD, Happening.PROMOTED)
    if found is None:
        return False, f"{GOOD} was not promoted"
    event, steps = found[0], _weights(watch, GOOD)
    using, stable = people.versions().get(GOOD, 0), watch.state.stable if watch.state else ""
    ladder = " -> ".join(f"{weight:g} %" for weight in steps)
    text = f"{GOOD} was promoted in {_took(watch, GOOD, event):.1f} s: {ladder}; {stable} is stable now, {using} of "
    return (
        event.actor == RULE and stable == GREEN and using == len(people) and len(steps) > 1,
        f"{text}{len(people)} users have it",
    )


def _nobody_moved(watch: Watch, people: People) -> tuple[bool, str]:
    first = min((at for event, at in watch.events if _ends(event)), default=inf)
    moved = people.taken_from(BAD, first - _STOPPED_BEFORE) + people.taken_from(GOOD)
    return (
        not moved,
        f"nobody flapped between the versions: {moved} of {len(people)} users moved against the weights",
    )


def _ends(event: Event) -> bool:
    return event.version == BAD and event.what in (Happening.STOPPED, Happening.ROLLED_BACK)


def _took(watch: Watch, version: str, event: Event) -> float:
    begun = watch.event(version, Happening.STARTED)
    return event.at - begun[0].at if begun else 0.0


def _weights(watch: Watch, version: str) -> list[float]:
    found: list[float] = []
    for event, _ in watch.events:
        if event.version == version and event.weight not in found:
            found.append(event.weight)
    return found
