"""A distribution by fifty of its quantiles: enough to ask for the middle and for the 95 % point, and to add two up."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

__all__ = ["Spread"]

_SIZE = 50
_MIDDLE = _SIZE // 2
_WORST = 47
"""The quantile (47 + 0.5) / 50 = 95 %."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What a number is in the slowest, in the fastest and in all releases between.

    Attributes:
        values: the quantiles 1 %, 3 %, .. 99 %, ascending; inf for what never comes.
    """

    values: tuple[float, ...]

    @classmethod
    def of(cls, quantile: Callable[[float], float]) -> "Spread":
        """Returns the spread of a distribution, given by its quantile function."""
        return cls(tuple(quantile((number + 0.5) / _SIZE) for number in range(_SIZE)))

    @classmethod
    def certain(cls, value: float) -> "Spread":
        """Returns what is the same in every release."""
        return cls((value,) * _SIZE)

    @property
    def expected(self) -> float:
        """The median."""
        return (self.values[_MIDDLE - 1] + self.values[_MIDDLE]) / 2

    @property
    def worst(self) -> float:
        """What 95 % of releases stay below."""
        return self.values[_WORST]

    def times(self, factor: float) -> "Spread":
        """Returns it in another unit."""
        return Spread(tuple(value * factor for value in self.values))

    def plus(self, other: "Spread") -> "Spread":
        """Returns the sum of two that know nothing of each other."""
        return self._with(other, lambda one, two: one + two)

    def later(self, other: "Spread") -> "Spread":
        """Returns the larger of two that know nothing of each other."""
        return self._with(other, max)

    def _with(self, other: "Spread", operation: Callable[[float, float], float]) -> "Spread":
        pairs = sorted(operation(one, two) for one, two in product(self.values, other.values))
        return Spread(tuple(pairs[_SIZE // 2 :: _SIZE]))
