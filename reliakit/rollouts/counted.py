"""The two tests of what is counted, side by side: against a canary, and in its favour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.definition import ErrorRules
from reliakit.rollouts.errors import Rollback, RollbackRule
from reliakit.rollouts.promotion import Promotion
from reliakit.rollouts.ratio import RatioEvidence
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.usual import Usual

__all__ = ["Counted", "Held"]


@dataclass(frozen=True, slots=True)
class Held:
    """The evidence against a canary in something that is counted, with what people are told of it."""

    rollback: Rollback
    evidence: RatioEvidence = field(default_factory=RatioEvidence)

    @classmethod
    def begun(cls, rule: RollbackRule) -> "Held":
        """Returns the test before the first block."""
        return cls(Rollback.begun(rule))

    @classmethod
    def under(cls, before: "Held | None", rule: RollbackRule) -> "Held":
        """Returns the test under this rule: the one before, or a new one where that was under another."""
        return before if before is not None and before.rollback.rule == rule else cls.begun(rule)

    def folded(self, block: Block) -> "Held":
        """Returns the test after one more block."""
        return Held(self.rollback.folded(block), self.evidence.folded(block))

    def stepped(self) -> "Held":
        """Returns the test at a change of the weight."""
        return Held(self.rollback.restarted(), self.evidence)

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        return stamped("held", rollback=self.rollback.to_record(), evidence=self.evidence.to_record())

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Held":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("held", record)
        return cls(Rollback.from_record(fields["rollback"]), RatioEvidence.from_record(fields["evidence"]))


@dataclass(frozen=True, slots=True)
class Counted:
    """Errors, or a business metric: the evidence against a canary, and in its favour."""

    against: Held
    promotion: Promotion

    @classmethod
    def begun(cls, rules: ErrorRules, usual: Usual | None = None) -> "Counted":
        """Returns both tests before the first block; `usual` is how often stable is known to fail."""
        return cls(Held.begun(rules.rollback), Promotion(rules.promotion, usual=usual or Usual()))

    @classmethod
    def under(cls, before: "Counted | None", rules: ErrorRules) -> "Counted":
        """Returns the tests under these rules: one under another rule than before begins anew."""
        if before is None:
            return cls.begun(rules)
        kept = before.promotion.rule == rules.promotion
        promotion = before.promotion if kept else Promotion(rules.promotion, usual=before.promotion.usual)
        return cls(Held.under(before.against, rules.rollback), promotion)

    def folded(self, block: Block) -> "Counted":
        """Returns both tests after one more block."""
        return Counted(self.against.folded(block), self.promotion.folded(block))

    def stepped(self) -> "Counted":
        """Returns both tests at a change of the weight."""
        return Counted(self.against.stepped(), self.promotion.restarted())

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        return stamped("counted", against=self.against.to_record(), promotion=self.promotion.to_record())

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Counted":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("counted", record)
        return cls(Held.from_record(fields["against"]), Promotion.from_record(fields["promotion"]))
