"""The rule of most canaries that people write by hand, for those who want it: `judge: ratio`.

After 1,000 canary requests of a step, roll back if the canary's error rate is more than twice stable's, else double
the weight. It is easy to explain, and it is not the default: at a base error rate of 0.1 % it rolls back most
healthy canaries, and it does not look before the thousandth failure (`python -m benchmarks.canary`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.records import Record, opened, stamped

__all__ = ["Decision", "RatioRule", "RatioStep", "doubled"]


class Decision(StrEnum):
    """What follows."""

    WAIT = "wait"
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True)
class RatioRule:
    """After how many canary requests, and how many times stable's error rate is too much."""

    requests: int = 1_000
    times: float = 2.0


@dataclass(frozen=True, slots=True)
class RatioStep:
    """What was counted since the step began."""

    counts: Block = field(default_factory=lambda: Block(0, 0))

    def folded(self, block: Block) -> "RatioStep":
        """Returns the step after one more block."""
        return RatioStep(self.counts + block)

    def decided(self, rule: RatioRule) -> Decision:
        """Returns what follows. Where stable has not failed at all, any failure of the canary is too much."""
        counts = self.counts
        if counts.n_c < rule.requests or not counts.n_s:
            return Decision.WAIT
        # Multiplied out, since the rates may be 0.
        too_much = counts.e_c * counts.n_s > rule.times * counts.e_s * counts.n_c
        return Decision.ROLL_BACK if too_much else Decision.PROMOTE

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        counts = self.counts
        return stamped("ratio_step", counts=[counts.n_c, counts.n_s, counts.e_c, counts.e_s])

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "RatioStep":
        """Reads `to_record`; raises ValueError where it is something else."""
        return cls(Block(*opened("ratio_step", record)["counts"]))


def doubled(weight: float) -> float:
    """Returns the weight of the next step, in percent."""
    return min(100.0, 2 * weight)
