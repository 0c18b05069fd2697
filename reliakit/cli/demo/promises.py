"""What the demo promises, and whether it happened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reliakit.cli.demo.counted import Counted
from reliakit.cli.demo.figures import Figures
from reliakit.cli.demo.flags_file import FIRST, FLAG, SECOND
from reliakit.cli.demo.releases import overruled, releases
from reliakit.cli.demo.server import WORKERS
from reliakit.cli.demo.story import Edit, Killed
from reliakit.cli.demo.watch import Watch
from reliakit.cli.printing import plural

__all__ = ["Played", "Promise", "promises"]

_FOLLOWED_WITHIN = 2.0
_INTERVAL = 2.5
"""Seconds whose counts a killed worker takes along: it reports once a second, and one report may be under way."""
_BROKEN_WITHIN = 3.0
"""Seconds after a kill in which clients notice that their connections are gone."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise; `kept` is None where there was nothing to judge: a person's edit, or too little time."""

    kept: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Played:
    """A demo that is over.

    Attributes:
        figures: what the clients saw.
        watch: what the store said.
        exported: living worker -> what it exported as metrics.
        served: slot -> requests, as the store has them.
        edit: None where a person came first, or time was short.
        killed: None where time was short.
        over: whether the story was played to its end.
    """

    figures: Figures
    watch: Watch
    exported: Mapping[int, Counted]
    served: Mapping[str, int]
    edit: Edit | None
    killed: Killed | None
    over: bool


def promises(played: Played) -> Iterator[Promise]:
    """Judges a demo that is over."""
    yield _nothing_lost(played)
    yield _exported(played)
    yield _stored(played)
    if not played.figures.people.judging or played.edit is None:
        yield Promise(None, "who keeps what was not judged: the flags file was edited by hand")
    else:
        yield _followed(played.figures, played.edit)
        yield _nobody_robbed(played.figures, played.edit)
    surely = played.over and played.figures.people.judging and not overruled(played.watch)
    for kept, text in releases(played.watch, played.figures.people):
        yield Promise(None if kept is False and not surely else kept, text)
    yield _succeeded(played)
    broken = played.watch.broken()
    said = f"; {broken[0]}" if broken else ": the chain is unbroken"
    entries = len(played.watch.entries)
    yield Promise(not broken and entries > 0, f"the journal is whole: {entries} entries{said}")


def _nothing_lost(played: Played) -> Promise:
    figures, killed = played.figures, played.killed
    why = f" ({figures.lost[0]})" if figures.lost else ""
    again = f", {len(figures.broken)} of them at a second try" if figures.broken else ""
    excused = all(killed and killed.at <= at <= killed.at + _BROKEN_WITHIN for at in figures.broken)
    text = f"no request was lost: {figures.sent:,} sent, {figures.answered:,} answered{again}{why}"
    return Promise(not figures.lost and bool(excused) and figures.sent == figures.answered > 0, text)


def _exported(played: Played) -> Promise:
    """What a killed worker had counted for its exporter is gone with it; all others are to be exact."""
    seen, killed = played.figures.counted, played.killed
    living = {worker: account for worker, account in seen.items() if not (killed and worker == killed.worker)}
    exported = {worker: account for worker, account in played.exported.items() if account != Counted()}
    total = Counted()
    for account in exported.values():
        total.add(account)
    requests, errors = plural(total.requests.total(), "request"), plural(total.errors.total(), "error")
    told = f"{requests} with {errors}, {total.evaluations.total():,} evaluations"
    return Promise(exported == living, f"the workers exported what the clients saw of them: {told}")


def _stored(played: Played) -> Promise:
    seen, killed, broken = played.figures.total().requests, played.killed, len(played.figures.broken)
    since = killed.at - _INTERVAL if killed else 0.0
    risked = sum(at > since for at in played.figures.came.get(killed.worker, ())) if killed else 0
    kept = all(seen[slot] - risked <= played.served.get(slot, 0) <= seen[slot] + broken for slot in seen)
    served = sum(played.served.values())
    lost = f"; worker {killed.worker} had not yet told of up to {risked} when it was killed" if killed else ""
    return Promise(
        kept, f"the store counted what the clients saw: {served:,} of {seen.total():,} requests{lost}"
    )


def _followed(figures: Figures, edit: Edit) -> Promise:
    following = sum(SECOND in asked for asked in figures.asked.values())
    stale = max((asked[FIRST] - edit.at for asked in figures.asked.values() if FIRST in asked), default=0.0)
    return Promise(
        following >= WORKERS and stale <= _FOLLOWED_WITHIN,
        f"the edit was followed: by {plural(following, 'worker')}; "
        f"the last old answer was asked for {max(0.0, stale):.2f} s after it",
    )


def _nobody_robbed(figures: Figures, edit: Edit) -> Promise:
    people = figures.people
    now = people.having(FLAG, "on")
    return Promise(
        not people.robbed and now > edit.having > 0,
        f"nobody lost {FLAG}: {edit.having} users had it before the edit, {now} have it after",
    )


def _succeeded(played: Played) -> Promise:
    killed = played.killed
    if killed is None:
        return Promise(False if played.over else None, "no worker was killed")
    successor = (
        f"worker {killed.successor} serves in its place" if killed.successor else "nobody came instead"
    )
    return Promise(killed.successor is not None, f"worker {killed.worker} was killed: {successor}")
