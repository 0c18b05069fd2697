"""How often stable usually fails, so that an outage which hits both slots is not taken for a good canary.

While everything fails, canary and stable fail alike, and alike is what speaks for promotion: a few seconds of outage
hold more errors than hours of service, and would outvote them. So a block in which stable fails far more often than
it has so far says nothing in favour of the canary. Against it every block speaks.

The test stays valid. Whether a block is left out depends on stable's errors alone; its likelihood ratio in favour
rises with these, and is left out where they are many: what remains has a mean of 1 at most, as the whole has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from reliakit.rollouts.blocks import Block

__all__ = ["Usual"]

_TIMES = 3.0
"""How many times the usual rate is unusual, beside what chance does: four standard deviations."""
_CHANCE = 4.0
_BELIEVED = 200_000
"""Requests of stable that outweigh what is unusual: a release that has seen a few seconds does not unlearn them in a
few more."""
_RECENT = 1_000_000
"""Requests that later releases remember: one that begins in an outage is judged by times before it."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Stable's rate since the release began, and before it.

    What is unusual enters it as thrice the usual, however much it is, and with less weight where little is known: an
    outage that ends leaves hardly a trace. A rate that stays becomes usual after about as many requests again as were
    usual, and not before some 50,000.

    Attributes:
        requests: of stable.
        errors: of them.
    """

    requests: float = 0.0
    errors: float = 0.0

    def has(self, block: Block) -> bool:
        """Whether a block is as usual; before anything is known everything is."""
        most = self._most(block)
        return block.e_s <= most + _CHANCE * sqrt(most) + _CHANCE

    def with_more(self, block: Block) -> "Usual":
        """Returns the rate after one more block."""
        if self.has(block):
            return Usual(self.requests + block.n_s, self.errors + block.e_s)
        weight = min(1.0, self.requests / _BELIEVED)
        return Usual(self.requests + block.n_s * weight, self.errors + self._most(block) * weight)

    def recent(self) -> "Usual":
        """Returns what the next release begins with."""
        share = min(1.0, _RECENT / self.requests) if self.requests else 1.0
        return Usual(self.requests * share, self.errors * share)

    def _most(self, block: Block) -> float:
        if not self.requests:
            return float(block.n_s)
        return min(_TIMES * (self.errors + 1) / self.requests, 1.0) * block.n_s

    def to_record(self) -> list[float]:
        """Returns what JSON can hold."""
        return [self.requests, self.errors]

    @classmethod
    def from_record(cls, record: Sequence[float]) -> "Usual":
        """Reads `to_record`, and of a version that does not know it, nothing."""
        return cls(*record) if record else cls()
