"""How many requests a sequential test takes: when its E first passes its limit, over many releases.

Looking at one moment is not enough, for E may pass its limit early and would have fallen below it again. So the counts
of errors are followed as a Markov chain that ends where the limit is reached, as Brook and Evans did for CUSUM charts:
the share of releases in every pair (errors of the canary, errors of stable) is carried forward by ticks of some
hundred requests, and what has reached the limit leaves. No chance is involved, and few errors, where a normal
approximation fails, are treated exactly: a slot with less than one error in a tick gets the binomial distribution. A
slot with more moves with its mean on a coarser lattice, on which a three-point step has the binomial variance.

Three simplifications, together within a few percent of simulated releases: the canary gets exactly its weight of every
tick, limits are looked at once a tick, and what leaves between two ticks is spread evenly over them. (Tried and left:
lowering limits by 0.58 standard deviations of a tick, as for a diffusion. Evidence rises by small steps and falls by
large ones, so little passes between two looks, and medians came out 8 % too early.)

Source: Brook & Evans 1972, An Approach to the Probability Distribution of CUSUM Run Length.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor, fsum, inf
from operator import mul

from reliakit.rollouts.limits import Limit

__all__ = ["Passage", "Served", "passage"]

_Grid = list[Sequence[float]]

_TICKS = 32
"""Until the limit is reached where every slot fails at its mean."""
_LEAST_TICKS = 14
"""Until the median; with fewer, ticks are made smaller."""
_MOST_TICKS = 12 * _TICKS
_REFINEMENTS = 6
_NEGLIGIBLE = 1e-6
_FOREVER = 1e12
"""Requests: a year at 30,000 a second."""


@dataclass(frozen=True, slots=True)
class Served:
    """Traffic to two slots: the canary's share of the requests, and the error rate of each. All from 0 to 1."""

    share: float
    canary: float
    stable: float


@dataclass(frozen=True, slots=True)
class Passage:
    """When a test reaches its limit.

    Attributes:
        size: requests of both slots in a tick.
        through: the share of releases that have reached it by the end of each tick.
    """

    size: float
    through: tuple[float, ...] = ()

    def quantile(self, share: float) -> float:
        """Returns the requests of both slots by which this share is through; inf where that was not found."""
        tick = bisect_left(self.through, share)
        if tick == len(self.through):
            return inf
        before = self.through[tick - 1] if tick else 0.0
        return self.size * (tick + (share - before) / (self.through[tick] - before))


def passage(limits: tuple[Limit, ...], served: Served, enough: float = 0.99) -> Passage:
    """Returns when all of these tests have reached their limits at once.

    Args:
        limits: tests that agree about `fewer`.
        served: what comes to the slots.
        enough: the share of releases to follow, 0.5 or more; the slowest few would take as long as all others.
    """
    scale = _on_the_mean(limits, served)
    if scale == inf:
        return Passage(inf)
    walk = _half_way(limits, served, scale)
    walk.go(limits, enough)
    return Passage(walk.size, tuple(walk.through))


def _half_way(limits: tuple[Limit, ...], served: Served, scale: float) -> "_Walk":
    """Returns the walk at its median, in ticks that are small enough for it."""
    walk = _Walk.begun(served, scale / _TICKS)
    walk.go(limits, 0.5)
    for _ in range(_REFINEMENTS):
        if walk.tick >= _LEAST_TICKS:
            break
        walk = _Walk.begun(served, walk.size * walk.tick / _TICKS)
        walk.go(limits, 0.5)
    return walk


def _on_the_mean(limits: tuple[Limit, ...], served: Served) -> float:
    """Returns after how many requests the limit is reached where every slot fails at its mean: the scale of it all."""

    def done(requests: float) -> bool:
        canary = served.share * served.canary * requests
        stable = (1 - served.share) * served.stable * requests
        return all(limit.reached(requests, canary, stable) for limit in limits)

    high = 1.0
    while not done(high):
        high *= 2
        if high > _FOREVER:
            return inf
    low = high / 2
    while high - low > high / (4 * _TICKS):
        middle = (low + high) / 2
        low, high = (low, middle) if done(middle) else (middle, high)
    return high


@dataclass(frozen=True, slots=True)
class _Axis:
    """The errors of one slot: on a lattice that stands, or on one that moves by a place in each tick.

    Attributes:
        step: errors from one place to the next.
        moves: places that it moves in a tick.
        first: the first place, from the present one, that a tick may lead to.
        kernel: the probabilities of that place and those after it.
    """

    step: float
    moves: int
    first: int
    kernel: tuple[float, ...]

    @classmethod
    def of(cls, requests: float, rate: float) -> "_Axis":
        """Returns the axis of a slot with so many requests in a tick, not always a whole number."""
        mean = requests * rate
        if mean < 1:
            return cls(1.0, 0, 0, _binomial(requests, rate))
        variance = (1 - rate) / mean
        return cls(mean, 1, -1, (variance / 2, 1 - variance, variance / 2))

    def errors(self, place: int, tick: int) -> float:
        return self.step * (place + self.moves * tick)


def _binomial(requests: float, rate: float) -> tuple[float, ...]:
    """The distribution of errors; between two whole numbers of requests, a mixture of both."""
    low = floor(requests)
    few, many = _whole(low, rate), _whole(low + 1, rate)
    few = (*few, *(0.0,) * (len(many) - len(few)))
    return tuple(one + (requests - low) * (other - one) for one, other in zip(few, many, strict=True))


def _whole(requests: int, rate: float) -> tuple[float, ...]:
    terms = [(1 - rate) ** requests]
    for errors in range(requests):
        more = terms[-1] * (requests - errors) / (errors + 1) * rate / (1 - rate)
        if more < _NEGLIGIBLE and errors >= requests * rate:
            break
        terms.append(more)
    return tuple(terms)


@dataclass(slots=True)
class _Walk:
    """The releases that have not reached the limit: a row for each place of stable, a column for each of the canary."""

    size: float
    canary: _Axis
    stable: _Axis
    grid: _Grid = field(default_factory=lambda: [[1.0]])
    left: int = 0
    top: int = 0
    tick: int = 0
    through: list[float] = field(default_factory=list)

    @classmethod
    def begun(cls, served: Served, size: float) -> "_Walk":
        """Returns the walk before its first tick."""
        canary, stable = size * served.share, size * (1 - served.share)
        return cls(size, _Axis.of(canary, served.canary), _Axis.of(stable, served.stable))

    def go(self, limits: tuple[Limit, ...], enough: float) -> None:
        """Goes on until this share has reached the limits, or until it takes too long."""
        share = self.through[-1] if self.through else 0.0
        while share < enough and self.tick < _MOST_TICKS and self.grid:
            self._move()
            share += self._leave(limits)
            self.through.append(share)

    def _move(self) -> None:
        self.tick += 1
        rows, self.top = _trimmed(_spread(self.grid, self.stable.kernel), self.top + self.stable.first)
        columns = _spread(_turned(rows), self.canary.kernel)
        columns, self.left = _trimmed(columns, self.left + self.canary.first)
        self.grid = _turned(columns)

    def _leave(self, limits: tuple[Limit, ...]) -> float:
        """Takes out who has reached the limits, and returns their share."""
        left, edge, fewer = 0.0, 0, limits[0].fewer
        for number, row in enumerate(self.grid):
            edge = self._edge(limits, number, min(edge, len(row)))
            gone = slice(0, edge) if fewer else slice(len(row) - edge, None)
            left += fsum(row[gone])
            kept = list(row)
            kept[gone] = [0.0] * edge
            self.grid[number] = kept
        return left

    def _edge(self, limits: tuple[Limit, ...], row: int, edge: int) -> int:
        """Returns how many places of a row have reached the limits. It is near that of the row before, so few are asked."""
        last, fewer = len(self.grid[row]) - 1, limits[0].fewer
        stable = self.stable.errors(self.top + row, self.tick)

        def reached(place: int) -> bool:
            canary = self.canary.errors(self.left + (place if fewer else last - place), self.tick)
            return all(limit.reached(self.size * self.tick, canary, stable) for limit in limits)

        while edge and not reached(edge - 1):
            edge -= 1
        while edge <= last and reached(edge):
            edge += 1
        return edge


def _spread(rows: _Grid, kernel: tuple[float, ...]) -> _Grid:
    """Returns the rows after each has gone to the places of the kernel."""
    if not rows:
        return rows
    around = [(0.0,) * len(rows[0])] * (len(kernel) - 1)
    padded, backwards = [*around, *rows, *around], kernel[::-1]
    return [
        [sum(map(mul, backwards, column)) for column in zip(*padded[row : row + len(kernel)], strict=True)]
        for row in range(len(rows) + len(kernel) - 1)
    ]


def _turned(rows: _Grid) -> _Grid:
    return list(zip(*rows, strict=True))


def _trimmed(rows: _Grid, first: int) -> tuple[_Grid, int]:
    """Returns the rows without empty ones at both ends, and the place of the first."""
    full = [number for number, row in enumerate(rows) if fsum(row) > _NEGLIGIBLE]
    return (rows[full[0] : full[-1] + 1], first + full[0]) if full else ([], first)
