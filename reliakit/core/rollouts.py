"""Which slot of a rollout a request goes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mmh3 import hash as murmur3

from reliakit.core.bucketing import hashable
from reliakit.core.match import Match

__all__ = ["Assignment", "Rollout", "RowName", "Slot", "Split", "Sticky", "assign"]


class Sticky(StrEnum):
    """What keeps somebody in one slot."""

    USER = "user"
    SESSION = "session"
    NONE = "none"


class Assignment(StrEnum):
    """How a request came to its slot. Only what was split is evidence about a release."""

    SPLIT = "split"
    FORCED = "forced"
    FALLBACK = "fallback"


RowName = tuple[str, str, Assignment, int, str]
"""What a row of the tally counts: rollout, slot, assignment, number of the release, locality; that is empty where slots
are not compared by theirs.
"""


@dataclass(frozen=True, slots=True)
class Split:
    """How a rollout divides its requests at the moment.

    Attributes:
        stable: the slot that takes whatever the other does not.
        weight: percent that goes to the other.
        number: of the release that outcomes belong to; 0 before the first.
    """

    stable: str
    weight: float
    number: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the two places that run a version, and where its requests are tallied.

    Attributes:
        name: of the slot.
        upstream: where its requests go; empty where the version is a function.
        series: cells of the tally's rows: split, forced, fallback.
        rollout: whose slot it is.
        number: of the release that its outcomes belong to.
        metrics: the business metrics that the release is judged by.
        placed: the cell of what each locality answers of a split, where slots are compared by theirs.
    """

    name: str
    upstream: str
    series: tuple[int, int, int]
    rollout: str
    number: int
    metrics: frozenset[str]
    placed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout as the request path sees it.

    Attributes:
        name: of the rollout.
        seed: of its buckets.
        stable: takes whatever the canary does not.
        canary: the other slot.
        bound: the first bucket that the canary does not get.
        sticky: what keeps somebody in one slot.
        initial: the slot that was stable before there was any state: of a function, the function itself.
        match: whom the split is about; None where it is everybody.
    """

    name: str
    seed: int
    stable: Slot
    canary: Slot
    bound: int
    sticky: Sticky
    initial: str
    match: Match | None = None

    def slot(self, name: str) -> Slot | None:
        """Returns the slot of that name."""
        return next((slot for slot in (self.stable, self.canary) if slot.name == name), None)


def assign(rollout: Rollout, key: str | None, drawn: int) -> Slot:
    """Chooses a slot by weight.

    Args:
        rollout: the rollout.
        key: what the request sticks by; None where nothing is known of it, or nothing should stick.
        drawn: a random bucket, 0 <= drawn < 2**32, used where `key` is None.
    """
    # As `bucketing.bucket` has it, without its two calls: this runs for every request.
    place = drawn if key is None else murmur3(key if key.isascii() else hashable(key), rollout.seed, False)
    return rollout.canary if place < rollout.bound else rollout.stable
