"""Active health checks: when one is due, and what its result means. The words and figures are Envoy's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from reliakit.failover.endpoints import Status

__all__ = ["TRANSITIONS", "Check", "CheckRules", "Result", "begun", "checked", "due"]


class Result(StrEnum):
    """How a check went. An endpoint that answers "not me" is out at once; one that does not answer gets more time."""

    PASSED = "passed"
    REFUSED = "refused"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class CheckRules:
    """How an upstream is checked.

    Attributes:
        interval: seconds from the end of a check to the next.
        jitter: seconds that are added at most, at random, so that workers do not check in step.
        timeout: seconds after which a check was silent.
        healthy_threshold: checks in a row that bring an unhealthy endpoint back.
        unhealthy_threshold: silent checks in a row that take a healthy one out.
    """

    interval: float = 5.0
    jitter: float = 1.0
    timeout: float = 1.0
    healthy_threshold: int = 2
    unhealthy_threshold: int = 3

    def needed(self, row: "_Row") -> int:
        """Returns how many such results in a row it takes."""
        return {_ONE: 1, _HEALTHY: self.healthy_threshold, _UNHEALTHY: self.unhealthy_threshold}[row[1]]


_ONE, _HEALTHY, _UNHEALTHY = "1", "healthy_threshold", "unhealthy_threshold"
_Row = tuple[Status, str]

TRANSITIONS: Mapping[Status, Mapping[Result, _Row]] = {
    Status.UNKNOWN: {
        Result.PASSED: (Status.HEALTHY, _ONE),
        Result.REFUSED: (Status.UNHEALTHY, _ONE),
        Result.SILENT: (Status.UNHEALTHY, _ONE),
    },
    Status.HEALTHY: {
        Result.REFUSED: (Status.UNHEALTHY, _ONE),
        Result.SILENT: (Status.UNHEALTHY, _UNHEALTHY),
    },
    Status.UNHEALTHY: {
        Result.PASSED: (Status.HEALTHY, _HEALTHY),
    },
}
"""Status -> result -> what follows, and how many such results in a row it takes. What is not there agrees with the
status, and what was counted against it begins anew."""


@dataclass(frozen=True, slots=True)
class Check:
    """What the checks of one endpoint have said so far.

    Attributes:
        next: seconds, monotonic, at which the next is due.
        status: unknown, healthy or unhealthy.
        against: results in a row that speak against it.
        since: when the status began; None before the first check.
    """

    next: float
    status: Status = Status.UNKNOWN
    against: int = 0
    since: float | None = None


def begun(now: float) -> Check:
    """Returns what is known of a new endpoint: nothing, and its first check is due at once."""
    return Check(now)


def due(check: Check, now: float) -> bool:
    """Tells whether it is time for the next check."""
    return now >= check.next


def checked(check: Check, result: Result, rules: CheckRules, now: float, drawn: float) -> Check:
    """Returns what follows from a result.

    Args:
        check: what was known.
        result: how the check went that ends now.
        rules: of the upstream.
        now: seconds, monotonic.
        drawn: at random, 0 <= drawn < 1, for the jitter.
    """
    waiting = replace(check, next=now + rules.interval + rules.jitter * drawn)
    row = TRANSITIONS[check.status].get(result)
    if row is None:
        return replace(waiting, against=0)
    if check.against + 1 < rules.needed(row):
        return replace(waiting, against=check.against + 1)
    return replace(waiting, status=row[0], against=0, since=now)
