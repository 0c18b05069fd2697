"""The two tests of durations, side by side: against a canary, and in its favour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reliakit.rollouts.definition import LatencyRules
from reliakit.rollouts.durations import Durations
from reliakit.rollouts.latency import Latency
from reliakit.rollouts.latency_promotion import LatencyPromotion
from reliakit.rollouts.records import Record, opened, stamped

__all__ = ["Timed"]


@dataclass(frozen=True, slots=True)
class Timed:
    """Durations: the evidence against a canary, and in its favour."""

    against: Latency
    promotion: LatencyPromotion

    @classmethod
    def begun(cls, rules: LatencyRules) -> "Timed":
        """Returns both tests before the first block."""
        return cls(Latency.begun(rules.rollback), LatencyPromotion(rules.promotion))

    @classmethod
    def under(cls, before: "Timed | None", rules: LatencyRules) -> "Timed":
        """Returns the tests under these rules; what stable's durations were stays known."""
        if before is None:
            return cls.begun(rules)
        same, kept = before.against.rule == rules.rollback, before.promotion.rule == rules.promotion
        against = before.against if same else Latency.begun(rules.rollback, before.against.baseline)
        return cls(against, before.promotion if kept else LatencyPromotion(rules.promotion))

    def folded(self, block: Durations) -> "Timed":
        """Returns both tests after one more block; one without durations of both slots says nothing."""
        if not (block.canary and block.stable):
            return self
        return Timed(self.against.folded(block), self.promotion.folded(self.against.baseline, block))

    def stepped(self) -> "Timed":
        """Returns both tests at a change of the weight."""
        return Timed(self.against.restarted(), self.promotion.restarted())

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        return stamped("timed", against=self.against.to_record(), promotion=self.promotion.to_record())

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Timed":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("timed", record)
        return cls(Latency.from_record(fields["against"]), LatencyPromotion.from_record(fields["promotion"]))
