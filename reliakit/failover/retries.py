"""Whether an attempt may be made again, and when: never twice what is not idempotent. The figures are Envoy's.

Sources: RFC 9110, section 9.2.2; "Retry plugins", "Circuit breaking" and `x-envoy-max-retries` of Envoy's documentation.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["IDEMPOTENT", "Attempt", "RetryRules", "Ruling", "backoff", "hedged", "retried"]

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods that mean the same once and twice."""


class Ruling(StrEnum):
    """Whether there is another attempt, or why there is none."""

    RETRY = "retry"
    ANSWERED = "answered"
    NOT_YET = "not yet"
    NOT_IDEMPOTENT = "not idempotent"
    BODY_GONE = "body gone"
    ATTEMPTS_SPENT = "attempts spent"
    BUDGET_SPENT = "retry budget spent"
    NOWHERE_ELSE = "nowhere else"


@dataclass(frozen=True, slots=True)
class RetryRules:
    """When and how often an upstream is asked again.

    Attributes:
        attempts: for one request, the first included; beside those in zones where it was not tried before.
        statuses: that count like no answer.
        budget_percent: the share of requests in flight that may be retries.
        min_retry_concurrency: retries in flight that are always allowed.
        base_interval, max_interval: seconds between attempts.
        hedge_after: seconds without an answer after which another endpoint is asked too; None for never.
    """

    attempts: int = 2
    statuses: frozenset[int] = frozenset({502, 503, 504})
    budget_percent: float = 20.0
    min_retry_concurrency: int = 3
    base_interval: float = 0.025
    max_interval: float = 0.25
    hedge_after: float | None = None

    def room(self, retries: int, requests: int) -> bool:
        """Tells whether the budget has room for one retry more, beside so many retries and requests in flight."""
        return retries < max(self.min_retry_concurrency, self.budget_percent / 100 * requests)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How the last attempt ended, or stands.

    Attributes:
        method: of the request, in upper case.
        number: 1 for the first.
        sent: whether a byte of it may have reached the endpoint; a refused connection is the usual case of no.
        status: of the answer; None where none came.
        begun: whether any of an answer has gone to the client.
        body_kept: whether all of the request's body is still at hand.
        elsewhere: whether another endpoint is available that was not tried.
        afar: whether the next attempt would be the first one in its zone.
    """

    method: str
    number: int
    sent: bool = True
    status: int | None = None
    begun: bool = False
    body_kept: bool = True
    elsewhere: bool = True
    afar: bool = False


def retried(attempt: Attempt, rules: RetryRules, retries: int, requests: int) -> Ruling:
    """Rules on an attempt that has ended.

    Args:
        attempt: how it ended.
        rules: of the upstream.
        retries: to it, in flight now.
        requests: to it, in flight now, this one and those that wait included.
    """
    if attempt.begun or (attempt.status is not None and attempt.status not in rules.statuses):
        return Ruling.ANSWERED
    return _again(attempt, rules, retries, requests)


def hedged(attempt: Attempt, elapsed: float, rules: RetryRules, retries: int, requests: int) -> Ruling:
    """Rules on asking another endpoint too, while an attempt is under way for `elapsed` seconds. RETRY is yes."""
    if attempt.begun or attempt.status is not None:
        return Ruling.ANSWERED
    if rules.hedge_after is None or elapsed < rules.hedge_after:
        return Ruling.NOT_YET
    if not attempt.elsewhere:
        return Ruling.NOWHERE_ELSE
    return _again(attempt, rules, retries, requests)


def _again(attempt: Attempt, rules: RetryRules, retries: int, requests: int) -> Ruling:
    if attempt.sent and attempt.method not in IDEMPOTENT:
        return Ruling.NOT_IDEMPOTENT
    if not attempt.body_kept:
        return Ruling.BODY_GONE
    # What ails two endpoints of a zone, or of a region, may ail all of it; those elsewhere shall not have been in vain.
    if attempt.number >= rules.attempts and (rules.attempts == 1 or not attempt.afar):
        return Ruling.ATTEMPTS_SPENT
    return Ruling.RETRY if rules.room(retries, requests) else Ruling.BUDGET_SPENT


def backoff(retry: int, rules: RetryRules, drawn: float) -> float:
    """Returns the seconds before a retry: fully jittered, from nothing to (2**retry - 1) times the base interval.

    Args:
        retry: 1 for the first.
        rules: of the upstream.
        drawn: at random, 0 <= drawn < 1.
    """
    # 2.0 to the power of what is never large: attempts are few, and a float would else overflow after a thousand.
    most = (2.0 ** min(retry, 32) - 1) * rules.base_interval
    return drawn * min(most, rules.max_interval)
