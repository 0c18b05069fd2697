"""The canary is slower than stable, by more than is tolerated.

    E = 1/2 mean_lambda E_rank + 1/2 mean_q E_exceed

E_rank notices when everything is a little slower, E_exceed when a few requests are much slower: it is the test of
errors applied to "slower than stable's frozen p75, p90, p95, p99, p99.9". Both restart in epochs, as errors do. A
tolerance moves the canary's durations down the log histogram first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from reliakit.rollouts.baseline import QUANTILES, Baseline
from reliakit.rollouts.durations import Durations, bins_at_least, shifted
from reliakit.rollouts.errors import EPOCH, Rollback, RollbackRule
from reliakit.rollouts.mixtures import log_mean, log_uniform
from reliakit.rollouts.ratio import RatioEvidence
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.restarts import Restarting
from reliakit.rollouts.tilt import LAMBDAS, log_tilts

__all__ = ["Latency", "LatencyRule"]

_EXCEED = RollbackRule()


@dataclass(frozen=True, slots=True)
class LatencyRule:
    """What is tolerated.

    Attributes:
        tolerate: how much slower the canary may be: 0.2 for 20 %, from 0 to 9.
        alpha: probability of rolling back a canary that is within the tolerance, over the whole release.

    Raises:
        ValueError: one of them is out of range.
    """

    tolerate: float = 0.0
    alpha: float = 0.01

    def __post_init__(self) -> None:
        if not (0 <= self.tolerate <= 9 and 0 < self.alpha < 1):
            raise ValueError(f"tolerate is from 0 to 9 and alpha between 0 and 1, not {self}")

    def tolerated(self, block: Durations) -> Durations:
        """Returns the block with the canary as much faster as is tolerated."""
        return Durations(shifted(block.canary, bins_at_least(self.tolerate), with_last=True), block.stable)


@dataclass(frozen=True, slots=True)
class Latency:
    """The evidence against a canary's durations since its release began.

    Attributes:
        rule: what it was gathered under. A test under another rule is another test: begin a new one.
        baseline: stable's first durations; while it is not frozen nothing is judged.
        rank: E_rank for each of LAMBDAS.
        exceed: E_exceed for each of QUANTILES.
        evidence: how many times as often the canary exceeds each of QUANTILES, for people.
        seen: requests in the present epoch.
    """

    rule: LatencyRule
    baseline: Baseline
    rank: Restarting
    exceed: tuple[Rollback, ...]
    evidence: tuple[RatioEvidence, ...]
    seen: int = 0

    @classmethod
    def begun(cls, rule: LatencyRule, baseline: Baseline | None = None) -> "Latency":
        """Returns the test before its first block."""
        exceed, evidence = (Rollback.begun(_EXCEED),) * len(QUANTILES), (RatioEvidence(),) * len(QUANTILES)
        return cls(rule, baseline or Baseline(), Restarting.begun(len(LAMBDAS)), exceed, evidence)

    def folded(self, block: Durations) -> "Latency":
        """Returns the test after one more block; the block must be `foldable`."""
        if not self.baseline.frozen:
            return Latency.begun(self.rule, self.baseline.with_more(block.stable))
        if self.seen >= EPOCH:
            return self.restarted().folded(block)
        judged = self.rule.tolerated(block)
        rank = self.rank.times(log_tilts(judged, self.baseline.scores(), LAMBDAS))
        slow = judged.slower_than(self.baseline.edges())
        exceed = tuple(test.folded(part) for test, part in zip(self.exceed, slow, strict=True))
        evidence = tuple(sums.folded(part) for sums, part in zip(self.evidence, slow, strict=True))
        return Latency(self.rule, self.baseline, rank, exceed, evidence, self.seen + slow[0].n)

    def restarted(self) -> "Latency":
        """Returns the test at a step of the weight: in a new epoch, unless the present one is still empty."""
        if not self.seen:
            return self
        exceed = tuple(test.restarted() for test in self.exceed)
        return Latency(self.rule, self.baseline, self.rank.restarted(), exceed, self.evidence)

    @property
    def log_e(self) -> float:
        """ln E."""
        rank = self.rank.log_value(log_uniform(len(LAMBDAS)))
        return log_mean((rank, log_mean([test.log_e for test in self.exceed])))

    @property
    def reached(self) -> bool:
        """Whether the canary is to be rolled back."""
        return self.log_e >= -log(self.rule.alpha)

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        return stamped(
            "latency",
            rule=[self.rule.tolerate, self.rule.alpha],
            baseline=[list(pair) for pair in self.baseline.counts],
            rank=self.rank.to_record(),
            exceed=[test.to_record() for test in self.exceed],
            evidence=[sums.to_record() for sums in self.evidence],
            seen=self.seen,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Latency":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("latency", record)
        return cls(
            LatencyRule(*fields["rule"]),
            Baseline(tuple((number, count) for number, count in fields["baseline"])),
            Restarting.from_record(fields["rank"]),
            tuple(map(Rollback.from_record, fields["exceed"])),
            tuple(map(RatioEvidence.from_record, fields["evidence"])),
            fields["seen"],
        )
