"""Promoting a step: the canary is shown to fail less than r1 times as often as stable, or hardly ever.

It tests "p_c >= r1 p_s and p_c >= d" and promotes at E >= 20, so a canary that is r1 times worse passes a step with
probability 5 % at most. E is the mean of two tests, either of which may refute the pair. Without the floor d a
service that never fails could never be promoted: no error, no evidence about ratios.

It begins afresh at each step, since what was fine at 5 % may not be at 40 %. Blocks of an outage are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from typing import Any

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.lattice import RATIOS, below, snapped_down
from reliakit.rollouts.mixtures import log_mean
from reliakit.rollouts.ratio import RatioEvidence
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.usual import Usual

__all__ = ["FLOOR_SHARES", "Promotion", "PromotionRule", "log_e_floor", "log_e_ratio"]

FLOOR_SHARES = (0.1, 0.25, 0.5)
"""The error rates that speak in favour of a canary whatever stable does, as parts of the floor."""


@dataclass(frozen=True, slots=True)
class PromotionRule:
    """What has to be refuted.

    Attributes:
        margin: r1, how many times stable's error rate would be too much, above 1 and up to 64. Snapped *down* to
            the lattice, so that no more is let pass than was written; it must stay above the tolerance.
        floor: d, the error rate (0 to 1) below which a canary is good whatever stable does; None for none.
        limit: E that is enough; its inverse is the probability of promoting what should not be.
        tolerate: what the rule for rolling back tolerates, snapped: the margin must exceed it.

    Raises:
        ValueError: one of them is out of range, or the margin does not exceed the tolerance.
    """

    margin: float = 2.0
    floor: float | None = 0.005
    limit: float = 20.0
    tolerate: float = 1.0

    def __post_init__(self) -> None:
        if not RATIOS[snapped_down(self.margin)] > self.tolerate:
            raise ValueError(
                f"margin must exceed what is tolerated on the lattice 2^(k/4): {self.margin:g} becomes "
                f"{RATIOS[snapped_down(self.margin)]:.3g}, tolerated is {self.tolerate:.3g}"
            )
        if self.floor is not None and not 0 < self.floor < 1:
            raise ValueError(f"floor is a rate above 0 and below 1, not {self.floor:g}")
        if not self.limit > 1:
            raise ValueError(f"limit is above 1, not {self.limit:g}")

    @property
    def base(self) -> int:
        """The lattice index of r1."""
        return snapped_down(self.margin)

    @property
    def log_limit(self) -> float:
        """ln of the limit."""
        return log(self.limit)


@dataclass(frozen=True, slots=True)
class Promotion:
    """The evidence in favour of a canary since its step began.

    Attributes:
        rule: what it is gathered under.
        evidence: of blocks in which stable failed as usual.
        usual: how often it does, since the release began.
    """

    rule: PromotionRule
    evidence: RatioEvidence = field(default_factory=RatioEvidence)
    usual: Usual = field(default_factory=Usual)

    def folded(self, block: Block) -> "Promotion":
        """Returns the test after one more block."""
        evidence = self.evidence.folded(block) if self.usual.has(block) else self.evidence
        return Promotion(self.rule, evidence, self.usual.with_more(block))

    def restarted(self) -> "Promotion":
        """Returns the test at the start of the next step."""
        return Promotion(self.rule, usual=self.usual)

    @property
    def log_e(self) -> float:
        """ln E."""
        ratio = log_e_ratio(self.evidence, self.rule.base)
        if self.rule.floor is None:
            return ratio
        counts = self.evidence.counts
        return log_mean((ratio, log_e_floor(counts.e_c, counts.n_c, self.rule.floor)))

    @property
    def reached(self) -> bool:
        """Whether the step may be promoted."""
        return self.log_e >= self.rule.log_limit

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        rule = [self.rule.margin, self.rule.floor, self.rule.limit, self.rule.tolerate]
        evidence, usual = self.evidence.to_record(), self.usual.to_record()
        return stamped("promotion", rule=rule, evidence=evidence, usual=usual)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Promotion":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("promotion", record)
        evidence, usual = (
            RatioEvidence.from_record(fields["evidence"]),
            Usual.from_record(fields.get("usual", ())),
        )
        return cls(PromotionRule(*fields["rule"]), evidence, usual)


def log_e_ratio(evidence: RatioEvidence, base: int) -> float:
    """Returns ln E against p_c >= r1 p_s; `base` is the lattice index of r1."""
    return log_mean([evidence.log_likelihood(index, base) for index in below(base)])


def log_e_floor(errors: int, requests: int, floor: float) -> float:
    """Returns ln E against p_c >= floor, from the canary's counts alone."""
    fine = requests - errors
    return log_mean(
        [errors * log(share) + fine * log((1 - share * floor) / (1 - floor)) for share in FLOOR_SHARES]
    )
