"""What stable's durations were at the start of a release, frozen: the yardstick for the rest of it.

Scores that moved with the traffic would depend on the outcomes that they judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from reliakit.core.histogram import LOG_EDGES
from reliakit.rollouts.durations import LAST, Bins

__all__ = ["ENOUGH", "QUANTILES", "Baseline"]

ENOUGH = 2_000
"""Stable requests, after which the yardstick is frozen; before that only errors judge."""
QUANTILES = (0.75, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Stable's first durations.

    Attributes:
        counts: (bin, requests), ascending.
    """

    counts: tuple[tuple[int, int], ...] = ()

    @property
    def frozen(self) -> bool:
        """Whether there are enough; from then on it is to stay as it is."""
        return sum(count for _, count in self.counts) >= ENOUGH

    def with_more(self, stable: Bins) -> "Baseline":
        """Returns it with the durations of one more block."""
        known = dict(self.counts)
        merged = {number: known.get(number, 0) + stable.get(number, 0) for number in {*known, *stable}}
        return Baseline(tuple(sorted(merged.items())))

    def scores(self) -> Sequence[float]:
        """Returns 2 F(b) - 1 for every bin; within a bin F counts half of it, so ties favour nobody."""
        return _scores(self.counts)

    def edges(self) -> tuple[int, ...]:
        """Returns the bins in which QUANTILES fall; slower is what lies above."""
        return _edges(self.counts)

    def seconds(self, quantile: int) -> float:
        """Returns one of QUANTILES by its index, in seconds within 4 %."""
        return LOG_EDGES[min(self.edges()[quantile], LAST - 1)]


@lru_cache(64)
def _scores(counts: tuple[tuple[int, int], ...]) -> tuple[float, ...]:
    full = _full(counts)
    below = [0, *accumulate(full)]
    return tuple((2 * low + count) / below[-1] - 1 for low, count in zip(below, full, strict=False))


@lru_cache(64)
def _edges(counts: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    cumulative = list(accumulate(_full(counts)))
    return tuple(
        next(number for number, count in enumerate(cumulative) if count >= share * cumulative[-1])
        for share in QUANTILES
    )


def _full(counts: tuple[tuple[int, int], ...]) -> list[int]:
    full = [0] * (LAST + 1)
    for number, count in counts:
        full[number] = count
    return full
