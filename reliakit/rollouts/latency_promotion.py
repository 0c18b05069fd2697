"""Promoting a step by durations: the canary is shown to be less than a margin slower, and its tail no heavier.

The rank part refutes "the canary is slower by the margin or more". The tail part takes "slower than stable's p99"
for an error and refutes "twice as often as on stable, and more often than 1 %". Both must reach the limit, since
either would be a reason not to promote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from reliakit.rollouts.baseline import QUANTILES, Baseline
from reliakit.rollouts.durations import Durations, bins_at_least, bins_at_most, shifted
from reliakit.rollouts.latency import LatencyRule
from reliakit.rollouts.mixtures import log_mean
from reliakit.rollouts.promotion import Promotion, PromotionRule
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.tilt import LAMBDAS, log_tilts

__all__ = ["LatencyPromotion", "LatencyPromotionRule"]

_FASTER = tuple(-tilt for tilt in LAMBDAS)
_TAIL = QUANTILES.index(0.99)
_TAIL_RULE = PromotionRule(margin=2.0, floor=0.01)


@dataclass(frozen=True, slots=True)
class LatencyPromotionRule:
    """What has to be refuted.

    Attributes:
        margin: how much slower would be too much: 0.5 for 50 %. On the log histogram it must exceed `tolerate`.
        tolerate: how much slower the canary may be.
        limit: E that is enough.

    Raises:
        ValueError: the margin does not exceed what is tolerated, or the limit is not above 1.
    """

    margin: float = 0.25
    tolerate: float = 0.0
    limit: float = 20.0

    def __post_init__(self) -> None:
        if bins_at_most(self.margin) <= bins_at_least(self.tolerate):
            raise ValueError(f"margin must exceed tolerate by some bins of 4 %, not {self}")
        if not self.limit > 1:
            raise ValueError(f"limit is above 1, not {self.limit:g}")


@dataclass(frozen=True, slots=True)
class LatencyPromotion:
    """The evidence in favour of a canary's durations since its step began; logarithms for each of LAMBDAS."""

    rule: LatencyPromotionRule
    rank: tuple[float, ...] = (0.0,) * len(LAMBDAS)
    tail: Promotion = Promotion(_TAIL_RULE)  # noqa: RUF009 - frozen, and so are all its parts

    def folded(self, baseline: Baseline, block: Durations) -> "LatencyPromotion":
        """Returns the test after one more block; while the baseline is not frozen nothing is judged."""
        if not baseline.frozen:
            return self
        moved = shifted(block.canary, bins_at_most(self.rule.margin), with_last=False)
        tilts = log_tilts(Durations(moved, block.stable), baseline.scores(), _FASTER)
        rank = tuple(total + more for total, more in zip(self.rank, tilts, strict=True))
        tolerated = LatencyRule(self.rule.tolerate).tolerated(block)
        (slow,) = tolerated.slower_than((baseline.edges()[_TAIL],))
        return LatencyPromotion(self.rule, rank, self.tail.folded(slow))

    def restarted(self) -> "LatencyPromotion":
        """Returns the test at the start of the next step."""
        return LatencyPromotion(self.rule, tail=self.tail.restarted())

    @property
    def log_e(self) -> float:
        """ln E: the smaller of both parts."""
        return min(log_mean(self.rank), self.tail.log_e)

    @property
    def reached(self) -> bool:
        """Whether the step may be promoted."""
        return self.log_e >= log(self.rule.limit)

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        rule = [self.rule.margin, self.rule.tolerate, self.rule.limit]
        return stamped("latency_promotion", rule=rule, rank=list(self.rank), tail=self.tail.to_record())

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "LatencyPromotion":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("latency_promotion", record)
        rule = LatencyPromotionRule(*fields["rule"])
        return cls(rule, tuple(fields["rank"]), Promotion.from_record(fields["tail"]))
