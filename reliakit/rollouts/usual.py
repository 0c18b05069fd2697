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


@dataclass(frozen=True, slots=True)
class Usual:
    """Stable's rate since the release began.

    What is unusual enters it as thrice the usual, however much it is: an outage that ends leaves hardly a trace, and
    a rate that stays becomes usual after about as long again as it was not.

    Attributes:
        requests: of stable.
        errors: of them.
    """

    requests: int = 0
    errors: float = 0.0

    def has(self, block: Block) -> bool:
        """Whether a block is as usual; before anything is known everything is."""
        most = self._most(block)
        return block.e_s <= most + _CHANCE * sqrt(most) + _CHANCE

    def with_more(self, block: Block) -> "Usual":
        """Returns the rate after one more block."""
        errors = block.e_s if self.has(block) else self._most(block)
        return Usual(self.requests + block.n_s, self.errors + errors)

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
        return cls(int(record[0]), record[1]) if record else cls()
