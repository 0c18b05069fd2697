"""Durations of a block: sparse counts by bin of the log histogram."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log

from reliakit.core.histogram import GAMMA, LOG_EDGES
from reliakit.rollouts.blocks import Block

__all__ = ["LAST", "Bins", "Durations", "bins_at_least", "bins_at_most", "shifted", "sparse"]

Bins = Mapping[int, int]
"""Bin of LOG_EDGES -> requests, without zeros."""
LAST = len(LOG_EDGES)
"""The bin beyond the last edge: everything over 100 s."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Durations:
    """What both slots took between two folds."""

    canary: Bins
    stable: Bins

    def slower_than(self, edges: Sequence[int]) -> list[Block]:
        """Returns, for each edge, the block in which an "error" is a request above that bin."""
        n_c, n_s = sum(self.canary.values()), sum(self.stable.values())
        return [Block(n_c, n_s, _above(self.canary, edge), _above(self.stable, edge)) for edge in edges]


def _above(bins: Bins, edge: int) -> int:
    return sum([count for number, count in bins.items() if number > edge])


def sparse(bins: list[int]) -> Bins:
    """Returns a full list of counts without its zeros."""
    return {number: count for number, count in enumerate(bins) if count}


def bins_at_least(slower: float) -> int:
    """Returns how many bins cover "`slower` times longer": 0.2 for 20 % more."""
    return ceil(log(1 + slower) / log(GAMMA) - _ROUNDING)


def bins_at_most(slower: float) -> int:
    """Returns how many bins are surely within "`slower` times longer"."""
    return floor(log(1 + slower) / log(GAMMA) + _ROUNDING)


def shifted(bins: Bins, by: int, with_last: bool) -> Bins:
    """Returns the counts so many bins further down.

    What took over 100 s took nobody knows how long: `with_last` says whether it moves as well. Moving it favours
    the canary, so a rollback wants it and a promotion must not.
    """
    moved: dict[int, int] = {}
    for number, count in bins.items():
        place = number if number == LAST and not with_last else max(0, number - by)
        moved[place] = moved.get(place, 0) + count
    return moved
