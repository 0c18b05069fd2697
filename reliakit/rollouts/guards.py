"""Absolute limits that hold for a time: "error rate above 5 % for 2 minutes", "p99 over 800 ms".

Both ask the same: is the share of bad requests above a limit? A p99 is over 800 ms when more than 1 % of requests
are slower than that. So a guard counts requests and bad ones, and needs no histogram.

Guards compare with nothing, hence they also judge where no stable runs beside: at 100 %, or after a switch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from reliakit.rollouts.blocks import SMALLEST
from reliakit.rollouts.records import Record, opened, stamped

__all__ = ["OUTSIDE", "Guard", "Guarded", "slower_than"]

OUTSIDE = "outside:"
"""How the metric of a guard starts that looks at a metric from outside."""

_EXPECTED_BEYOND = 10
"""Bad requests to expect in a window at the limit: with fewer, one slow request would be a p99 of its own."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A limit for the share of bad requests.

    Attributes:
        limit: the share above which it is breached, from 0 up to but not including 1.
        seconds: how long it must be breached without a break; 0 for at once.
        requests: how many make a measurement; fewer are not measured yet.

    Raises:
        ValueError: one of them is out of range.
    """

    limit: float
    seconds: float = 0.0
    requests: int = SMALLEST

    def __post_init__(self) -> None:
        if not (0 <= self.limit < 1 and self.seconds >= 0 and self.requests >= 1):
            raise ValueError(f"a guard has a limit from 0 to 1, and no negative time or size, not {self}")


def slower_than(share: float, seconds: float = 0.0) -> Guard:
    """Returns the guard for a quantile: `share` 0.99 for "p99 over ...".

    Bad are the requests that took longer than the duration of the guard.
    """
    limit = round(1 - share, 12)
    return Guard(limit, seconds, ceil(_EXPECTED_BEYOND / limit))


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a guard has seen.

    Attributes:
        breached: seconds for which the limit has been breached without a break.
        failing: whether the last measurement breached it.
        requests, bad, elapsed: of the measurement that is not complete yet; `elapsed` in seconds.
        measured: requests and bad ones of the last complete measurement.
    """

    breached: float = 0.0
    failing: bool = False
    requests: int = 0
    bad: int = 0
    elapsed: float = 0.0
    measured: tuple[int, int] = (0, 0)

    def folded(self, guard: Guard, requests: int, bad: int, elapsed: float) -> "Guarded":
        """Returns the state after a block of one slot; `elapsed` are the seconds that it took.

        Time without requests counts towards the measurement in which it lies: it neither heals nor harms.
        """
        total, worse, time = self.requests + requests, self.bad + bad, self.elapsed + elapsed
        if total < guard.requests:
            return Guarded(self.breached, self.failing, total, worse, time, self.measured)
        if worse > guard.limit * total:
            return Guarded(self.breached + time, True, measured=(total, worse))
        return Guarded(measured=(total, worse))

    def tripped(self, guard: Guard) -> bool:
        """Whether the limit has been breached for long enough."""
        return self.failing and self.breached >= guard.seconds

    @property
    def share(self) -> float:
        """The share of bad requests in the last measurement; 0 before the first."""
        requests, bad = self.measured
        return bad / requests if requests else 0.0

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        window = [self.requests, self.bad, self.elapsed]
        breached = [self.breached, self.failing]
        return stamped("guard", breached=breached, window=window, measured=list(self.measured))

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Guarded":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("guard", record)
        (breached, failing), (requests, bad, elapsed) = fields["breached"], fields["window"]
        total, worse = fields["measured"]
        return cls(breached, failing, requests, bad, elapsed, (total, worse))
