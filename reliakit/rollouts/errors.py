"""Rolling back: the canary fails more than r0 times as often as stable.

It tests p_c <= r0 p_s by a mixture over ratios above r0, watched continuously: with E >= 1 / alpha as the limit, a
canary that is no worse is rolled back with probability alpha at most, however often anybody looks. Epochs begin at
every step of the weight and every 50,000 requests.

With a floor d, the canary's own rate must be shown to exceed d, too. Both tests must reach the limit then, since
what is refuted is a union.

Client errors and business metrics are judged by the same test; what follows from it is the caller's.

Source: Lindon, Sanden & Shirikian 2022, Rapid Regression Detection in Software Deployments through Sequential
Testing; Shin, Ramdas & Rinaldo 2022, E-detectors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from typing import Any

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.lattice import RATIOS, above, log_ratio, snapped_up
from reliakit.rollouts.mixtures import log_uniform, log_weights
from reliakit.rollouts.ratio import log_likelihoods
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.restarts import Restarting

__all__ = ["EPOCH", "FLOOR_TIMES", "MOST_TOLERATED", "Rollback", "RollbackRule", "ratio_weights"]

EPOCH = 50_000
"""Requests after which a new epoch begins."""
MOST_TOLERATED = 16.0
FLOOR_TIMES = (2, 4, 8)
"""The error rates that speak against a canary by itself, as multiples of the floor."""


@dataclass(frozen=True, slots=True)
class RollbackRule:
    """What is tolerated.

    Attributes:
        tolerate: how many times stable's error rate, from 1 to 16. Snapped up to the lattice; `snapped` is what
            counts and what people are shown.
        floor: error rate (0 to 1/8) that the canary must be shown to exceed as well, or None.
        alpha: probability of rolling back a canary that is within the tolerance, over the whole release.

    Raises:
        ValueError: one of them is out of range.
    """

    tolerate: float = 1.0
    floor: float | None = None
    alpha: float = 0.01

    def __post_init__(self) -> None:
        if not 1 <= self.tolerate <= MOST_TOLERATED:
            raise ValueError(f"tolerate is a ratio from 1 to {MOST_TOLERATED:g}, not {self.tolerate:g}")
        if self.floor is not None and not 0 < self.floor < 1 / FLOOR_TIMES[-1]:
            raise ValueError(f"floor is a rate above 0 and below 1/{FLOOR_TIMES[-1]}, not {self.floor:g}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha is a probability above 0 and below 1, not {self.alpha:g}")

    @property
    def base(self) -> int:
        """The lattice index of r0."""
        return snapped_up(self.tolerate)

    @property
    def snapped(self) -> float:
        """The ratio that is really tolerated."""
        return RATIOS[self.base]

    @property
    def log_limit(self) -> float:
        """ln(1 / alpha)."""
        return -log(self.alpha)

    def shared(self, metrics: int) -> "RollbackRule":
        """Returns the rule for one of so many metrics, among which alpha is split evenly."""
        return RollbackRule(self.tolerate, self.floor, self.alpha / metrics)


@dataclass(frozen=True, slots=True)
class Rollback:
    """The evidence against a canary since its release began.

    Attributes:
        rule: what it was gathered under. A test under another rule is another test: begin a new one.
        ratio: against p_c <= r0 p_s.
        above: against p_c <= floor; without alternatives where the rule has no floor.
        seen: requests in the present epoch.
    """

    rule: RollbackRule
    ratio: Restarting
    above: Restarting
    seen: int = 0

    @classmethod
    def begun(cls, rule: RollbackRule) -> "Rollback":
        """Returns the test before the first block."""
        floors = () if rule.floor is None else FLOOR_TIMES
        return cls(rule, Restarting.begun(len(above(rule.base))), Restarting.begun(len(floors)))

    def folded(self, block: Block) -> "Rollback":
        """Returns the test after one more block; the block must be `foldable`."""
        if self.seen >= EPOCH:
            return self.restarted().folded(block)
        base, seen = self.rule.base, self.seen + block.n
        ratio = self.ratio.times(log_likelihoods(block, base, above(base)))
        return Rollback(self.rule, ratio, self.above.times(_log_above(self.rule.floor, block)), seen)

    def restarted(self) -> "Rollback":
        """Returns the test at a step of the weight: in a new epoch, unless the present one is still empty."""
        if not self.seen:
            return self
        return Rollback(self.rule, self.ratio.restarted(), self.above.restarted())

    @property
    def log_e(self) -> float:
        """ln E; with a floor the smaller of both."""
        ratio = self.ratio.log_value(ratio_weights(self.rule.base))
        if self.rule.floor is None:
            return ratio
        return min(ratio, self.above.log_value(log_uniform(len(FLOOR_TIMES))))

    @property
    def reached(self) -> bool:
        """Whether the canary is to be rolled back."""
        return self.log_e >= self.rule.log_limit

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        rule = [self.rule.tolerate, self.rule.floor, self.rule.alpha]
        ratio, above_floor = self.ratio.to_record(), self.above.to_record()
        return stamped("rollback", rule=rule, ratio=ratio, above=above_floor, seen=self.seen)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Rollback":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("rollback", record)
        ratio, above_floor = Restarting.from_record(fields["ratio"]), Restarting.from_record(fields["above"])
        return cls(RollbackRule(*fields["rule"]), ratio, above_floor, fields["seen"])


@lru_cache(len(RATIOS))
def ratio_weights(base: int) -> tuple[float, ...]:
    """Returns the logarithms of pi_g, proportional to (rho / r0)^(-1/2): small regressions are the likelier ones."""
    return log_weights([exp(-log_ratio(index, base) / 2) for index in above(base)])


def _log_above(floor: float | None, block: Block) -> tuple[float, ...]:
    """The canary alone: rates of 2, 4 and 8 times the floor against the floor."""
    if floor is None:
        return ()
    fine = block.n_c - block.e_c
    return tuple(
        block.e_c * log(times) + fine * log((1 - times * floor) / (1 - floor)) for times in FLOOR_TIMES
    )
