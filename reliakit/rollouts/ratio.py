"""The evidence about how many times as often the canary fails, for every ratio of the lattice at once.

    l(rho, r0) = C ln(rho / r0) - (T_rho - T_r0)        C = sum e_c        T_x = sum K ln(f x + 1 - f)

With independent Bernoulli outcomes and p_c <= r0 p_s (for rho > r0; >= for rho < r0), ln(1 + x) <= x gives
E[exp l] <= 1 for every block, whatever its share and base rate: exp l is a test supermartingale, and shared outages
and drifting traffic cancel inside a block.

Source: Lindon & Malek 2022, Anytime-Valid Inference for Multinomial Count Data; Ville 1939.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import add, mul
from typing import Any

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.lattice import RATIOS, log_pooled, log_ratio
from reliakit.rollouts.records import Record, opened, stamped

__all__ = ["RatioEvidence", "log_likelihoods"]

_NOTHING = (0.0,) * len(RATIOS)


def log_likelihoods(block: Block, base: int, alternatives: Sequence[int]) -> tuple[float, ...]:
    """Returns l(rho, r0) of one block for lattice indices: `base` of r0, `alternatives` of rho."""
    if not block.errors:
        return (0.0,) * len(alternatives)
    pooled, e_c, errors = log_pooled(block.f), block.e_c, block.errors
    base_pooled = pooled[base]
    return tuple(
        [e_c * log_ratio(index, base) - errors * (pooled[index] - base_pooled) for index in alternatives]
    )


@dataclass(frozen=True, slots=True)
class RatioEvidence:
    """Sums over blocks. Two of them over different blocks add up to that over both.

    Attributes:
        counts: requests and errors so far; its `e_c` is C.
        pooled: T_x for each ratio of the lattice.
    """

    counts: Block = field(default_factory=lambda: Block(0, 0))
    pooled: tuple[float, ...] = _NOTHING

    def folded(self, block: Block) -> "RatioEvidence":
        """Returns the evidence with one block more."""
        if not block.errors:
            return RatioEvidence(self.counts + block, self.pooled)
        pooled = map(add, self.pooled, map(mul, repeat(block.errors), log_pooled(block.f)))
        return RatioEvidence(self.counts + block, tuple(pooled))

    def __add__(self, other: "RatioEvidence") -> "RatioEvidence":
        pooled = tuple(one + two for one, two in zip(self.pooled, other.pooled, strict=True))
        return RatioEvidence(self.counts + other.counts, pooled)

    def log_likelihood(self, rho: int, r0: int) -> float:
        """Returns l(rho, r0) for two indices of the lattice."""
        return self.counts.e_c * log_ratio(rho, r0) - (self.pooled[rho] - self.pooled[r0])

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        counts = self.counts
        return stamped(
            "ratio", counts=[counts.n_c, counts.n_s, counts.e_c, counts.e_s], pooled=list(self.pooled)
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "RatioEvidence":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("ratio", record)
        return cls(Block(*fields["counts"]), tuple(fields["pooled"]))
