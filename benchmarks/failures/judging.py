"""What clients had of a mishap."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.failures.clients import IDEMPOTENT, Answered

__all__ = ["LATE", "Verdict", "judged"]

LATE = 0.5
"""Seconds from which on an answer is late: a usual one takes some milliseconds."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What clients had of a mishap.

    Attributes:
        requests: while it lasted, and in the seconds before and after.
        safe, unsafe: how many of them may be repeated, and may not.
        safe_failed, unsafe_failed: how many of these had no good answer.
        repeated: requests that endpoints have seen more than once.
        twice: those of them that may not be repeated.
        late: good answers that took long.
        recovered: seconds from the first request that failed or was late to the last; nothing where none was.
        unrest: seconds by which a request was sent too late at most, or was answered after in the time before the
            mishap: the machine's doing.
        why: how often requests that may be repeated had which status and answer instead of a good one.
    """

    requests: int
    safe: int
    unsafe: int
    safe_failed: int
    unsafe_failed: int
    repeated: int
    twice: int
    late: int
    recovered: float
    unrest: float
    why: Counter[str]


def judged(answered: Sequence[Answered], seen: Counter[tuple[str, str]], lag: float, since: float) -> Verdict:
    """Returns what clients had.

    Args:
        answered: what came of each request.
        seen: how often each method and id has reached an endpoint.
        lag: of the clients.
        since: when the mishap began.
    """
    safe = [each for each in answered if each.method in IDEMPOTENT]
    unsafe = [each for each in answered if each.method not in IDEMPOTENT]
    bad = [each.begun for each in answered if not each.good or each.ended - each.begun > LATE]
    repeated = [method for (method, _), times in seen.items() if times > 1]
    failed = [each for each in safe if not each.good]
    return Verdict(
        len(answered),
        len(safe),
        len(unsafe),
        len(failed),
        sum(not each.good for each in unsafe),
        len(repeated),
        sum(method not in IDEMPOTENT for method in repeated),
        sum(each.good and each.ended - each.begun > LATE for each in answered),
        max(bad) - min(bad) if bad else 0.0,
        max(lag, *(each.ended - each.begun for each in answered if each.ended < since), 0.0),
        Counter(f"{each.status} {each.body.decode('utf-8', 'replace')}" for each in failed),
    )
