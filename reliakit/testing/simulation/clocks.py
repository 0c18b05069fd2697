"""Clocks that are wrong, as clocks are."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["EPOCH", "Wrong"]

EPOCH = 1_700_000_000.0
"""Seconds since 1970-01-01 UTC at the beginning of every simulation."""


@dataclass(slots=True)
class Wrong:
    """A `reliakit.clock.Clock` of one machine.

    Attributes:
        true: seconds since the beginning of the simulation.
        rate: of its seconds for each true one.
        offset: of its wall clock, in seconds; may be changed at any moment, which is a jump.
    """

    true: Callable[[], float]
    rate: float = 1.0
    offset: float = 0.0

    def monotonic(self) -> float:
        """Returns seconds; never goes back, whatever happens to the wall clock."""
        return self.true() * self.rate

    def time(self) -> float:
        """Returns seconds since 1970-01-01 UTC as this machine has them."""
        return EPOCH + self.offset + self.true() * self.rate
