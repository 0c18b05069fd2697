"""Whether the split itself is what was asked for (sample ratio mismatch).

    ln E = lnB(c w + n_c, c (1-w) + n_s) - lnB(c w, c (1-w)) - n_c ln w - n_s ln(1-w),   c = 1000

Where nobody sticks to a slot, E >= 1000 means that requests are lost or routed past us, and whatever is compared
is confounded: hold. With sticky routing a few heavy users are enough, and it is worth a warning only.

Source: Lindon & Malek 2022, Anytime-Valid Inference for Multinomial Count Data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import lgamma, log
from typing import Any

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.records import Record, opened, stamped

__all__ = ["CONCENTRATION", "LIMIT", "Mismatch", "log_e_mismatch"]

CONCENTRATION = 1000.0
"""How closely the alternatives lie around the share that was asked for."""
LIMIT = 1000.0


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Requests since the last change of the weight that every live worker has reported.

    Attributes:
        weight: the canary's share that was asked for, above 0 and below 1: at 0 and 1 there is nothing to test.
        n_c, n_s: requests served by canary and stable.

    Raises:
        ValueError: the weight is out of range.
    """

    weight: float
    n_c: int = 0
    n_s: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.weight < 1:
            raise ValueError(f"a split is above 0 and below 1, not {self.weight:g}")

    def folded(self, block: Block) -> "Mismatch":
        """Returns the test after one more block."""
        return Mismatch(self.weight, self.n_c + block.n_c, self.n_s + block.n_s)

    @property
    def log_e(self) -> float:
        """ln E."""
        return log_e_mismatch(self.n_c, self.n_s, self.weight)

    @property
    def reached(self) -> bool:
        """Whether the split is not what was asked for."""
        return self.log_e >= log(LIMIT)

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        return stamped("mismatch", weight=self.weight, counts=[self.n_c, self.n_s])

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Mismatch":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("mismatch", record)
        return cls(fields["weight"], *fields["counts"])


def log_e_mismatch(n_c: int, n_s: int, weight: float, concentration: float = CONCENTRATION) -> float:
    """Returns ln E against "each request went to the canary with probability `weight`"."""
    a, b = concentration * weight, concentration * (1 - weight)
    return _log_beta(a + n_c, b + n_s) - _log_beta(a, b) - n_c * log(weight) - n_s * log(1 - weight)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
