"""What happened to an upstream: entries of the journal, before they are chained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reliakit.core.acting import Actor
from reliakit.failover.records import Record, opened, stamped

__all__ = ["RECOVERY", "ROLLING", "Event", "Fact", "Happening"]

Fact = float | str | None


class Happening(StrEnum):
    """Kinds of events, named as `notify` names them."""

    SUSPECTED = "suspected"
    RECOVERED = "recovered"
    DETECTED = "detected"
    STARTED = "started"
    DRILL = "drill"
    HOOK_FAILED = "hook_failed"
    PREPARED = "prepared"
    SHIFTING = "shifting"
    SHIFTED = "shifted"
    RESTORED = "restored"
    FAILED_OVER = "failed_over"
    FAILBACK = "failback"
    FAILING_BACK = "failing_back"
    FAILED_BACK = "failed_back"
    RETREATED = "retreated"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    ERROR = "error"
    NOTED = "noted"
    DRAINING = "draining"
    REPLACING = "replacing"
    REPLACED = "replaced"
    UNDONE = "undone"
    PAUSED = "paused"
    RESUMED = "resumed"
    ABORTED = "aborted"
    FINISHED = "finished"


RECOVERY = Actor("rule", "recovery")
"""The definition and what was seen of regions."""
ROLLING = Actor("rule", "rolling")
"""The definition and what was seen of endpoints."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        what: its kind.
        upstream: whose.
        at: seconds since 1970-01-01 UTC, for people.
        number: of the incident or the replacement; 0 where there is none.
        before, after: phases; the same where the phase did not change.
        sentence: for people.
        actor: who did it.
        facts: what was measured, by names that end in their unit.
    """

    what: Happening
    upstream: str
    at: float
    number: int
    before: str
    after: str
    sentence: str
    actor: Actor
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        actor = self.actor
        return stamped(
            "failover_event",
            what=self.what.value,
            upstream=self.upstream,
            at=self.at,
            number=self.number,
            phases=[self.before, self.after],
            sentence=self.sentence,
            actor=[actor.kind, actor.name, actor.user, actor.host],
            facts=dict(self.facts),
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Event":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("failover_event", record)
        before, after = fields["phases"]
        return cls(
            Happening(fields["what"]),
            fields["upstream"],
            fields["at"],
            fields["number"],
            before,
            after,
            fields["sentence"],
            Actor(*fields["actor"]),
            fields["facts"],
        )
