"""What the demo promises, and whether it happened."""

from collections.abc import Iterator
from dataclasses import dataclass

from reliakit.cli.demo.counted import Counted
from reliakit.cli.demo.figures import Figures
from reliakit.cli.demo.flags_file import FIRST, FLAG, SECOND
from reliakit.cli.demo.server import WORKERS
from reliakit.cli.printing import plural

__all__ = ["Edit", "Promise", "promises"]

_FOLLOWED_WITHIN = 2.0


@dataclass(frozen=True, slots=True)
class Edit:
    """The demo's own edit: when it was saved, and how many users had the flag before."""

    at: float
    having: int


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise; `kept` is None where a person's edit left nothing to judge."""

    kept: bool | None
    text: str


def promises(figures: Figures, counted: Counted, edit: Edit | None) -> Iterator[Promise]:
    """Judges a demo that is over.

    Args:
        figures: what the clients saw.
        counted: what the workers exported as metrics.
        edit: None where a person came first.
    """
    yield _nothing_lost(figures)
    yield _counted_right(figures, counted)
    if edit is None or not figures.people.judging:
        yield Promise(None, "who keeps what was not judged: the flags file was edited by hand")
        return
    yield _followed(figures, edit)
    people = figures.people
    moved = f"{len(people.flapped)} of {len(people)} users moved against the weights"
    yield Promise(not people.flapped, f"nobody flapped between the slots: {moved}")
    now = people.having(FLAG, "on")
    yield Promise(
        not people.robbed and now > edit.having > 0,
        f"nobody lost {FLAG}: {edit.having} users had it before the edit, {now} have it after",
    )


def _nothing_lost(figures: Figures) -> Promise:
    answered, why = figures.counted.requests.total(), f" ({figures.lost[0]})" if figures.lost else ""
    text = f"no request was lost: {figures.sent:,} sent, {answered:,} answered{why}"
    return Promise(not figures.lost and figures.sent == answered > 0, text)


def _counted_right(figures: Figures, counted: Counted) -> Promise:
    requests, errors = counted.requests.total(), counted.errors.total()
    told = f"{plural(requests, 'request')} with {plural(errors, 'error')}, {counted.evaluations.total():,} evaluations"
    return Promise(counted == figures.counted, f"the workers exported what the clients saw: {told}")


def _followed(figures: Figures, edit: Edit) -> Promise:
    following = sum(SECOND in asked for asked in figures.asked.values())
    stale = max((asked[FIRST] - edit.at for asked in figures.asked.values() if FIRST in asked), default=0.0)
    return Promise(
        following == WORKERS and stale <= _FOLLOWED_WITHIN,
        f"the edit was followed: by {following} of {WORKERS} workers; "
        f"the last old answer was asked for {max(0.0, stale):.2f} s after it",
    )
