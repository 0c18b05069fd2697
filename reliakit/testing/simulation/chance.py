"""Numbers of events. The standard library has no such draw before Python 3.12, and a seed has to mean the same everywhere."""

import random
from math import log1p, sqrt

__all__ = ["among", "binomial", "geometric"]

_MANY = 40.0


def binomial(chance: random.Random, trials: int, share: float) -> int:
    """Draws how many of so many trials succeed: exactly where few do, by the normal curve where many do."""
    if trials <= 0 or share <= 0:
        return 0
    if share > 0.5:
        return trials - binomial(chance, trials, 1 - share)
    mean = trials * share
    if mean > _MANY:
        drawn = round(chance.gauss(mean, sqrt(mean * (1 - share))))
        return min(trials, max(0, drawn))
    return _by_gaps(chance, trials, log1p(-share))


def _by_gaps(chance: random.Random, trials: int, log_failure: float) -> int:
    """Draws the gaps between successes, which are geometric."""
    successes, at = -1, 0
    while at <= trials:
        successes += 1
        at += 1 + int(log1p(-chance.random()) / log_failure)
    return successes


def geometric(chance: random.Random, mean: float) -> int:
    """Draws a number from 1 upward."""
    return 1 if mean <= 1 else 1 + int(log1p(-chance.random()) / log1p(-1 / mean))


def among(chance: random.Random, count: int, shares: tuple[float, ...]) -> list[int]:
    """Divides a count among shares that add up to 1."""
    parts, rest, left = [], 1.0, count
    for share in shares[:-1]:
        part = binomial(chance, left, share / rest)
        parts.append(part)
        left, rest = left - part, rest - share
    return [*parts, left]
