"""What happened to a rollout: the entries of the journal, before they are chained."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reliakit.core.acting import Actor
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.verdict import Verdict

__all__ = ["RULE", "Actor", "Event", "Happening"]


class Happening(StrEnum):
    """Kinds of events, named as `notify` names them."""

    STARTED = "started"
    RUNNING = "running"
    WAITING = "waiting"
    ADVANCED = "advanced"
    PROMOTED = "promoted"
    PAUSED = "paused"
    RESUMED = "resumed"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    RETRIED = "retried"
    STARVED = "starved"
    DEFINED = "defined"
    REFUSED = "refused"
    WOULD_ADVANCE = "would_advance"
    WOULD_ROLL_BACK = "would_roll_back"
    WARNED = "warned"
    SETTLED = "settled"
    COUNTS_LOST = "counts_lost"
    STOPPED = "stopped"


RULE = Actor("rule", "analysis")
"""The definitions and the evidence: nobody in particular."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        what: its kind.
        rollout: whose.
        at: seconds since 1970-01-01 UTC, for people.
        number, slot, version: of the release; number 0 where there is none.
        before, after: phases; the same where the phase did not change. `before` is None where a release starts.
        weight: the share of the release's slot after it, in percent.
        sentence: for people.
        actor: who did it.
        verdicts: the evidence.
    """

    what: Happening
    rollout: str
    at: float
    number: int
    slot: str
    version: str
    before: Phase | None
    after: Phase | None
    weight: float
    sentence: str
    actor: Actor = RULE
    verdicts: tuple[Verdict, ...] = ()

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        actor = self.actor
        return stamped(
            "event",
            what=self.what.value,
            rollout=self.rollout,
            at=self.at,
            release=[self.number, self.slot, self.version],
            phases=[self.before and self.before.value, self.after and self.after.value],
            weight=self.weight,
            sentence=self.sentence,
            actor=[actor.kind, actor.name, actor.user, actor.host],
            verdicts=[each.to_record() for each in self.verdicts],
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Event":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("event", record)
        before, after = (phase and Phase(phase) for phase in fields["phases"])
        number, slot, version = fields["release"]
        return cls(
            Happening(fields["what"]),
            fields["rollout"],
            fields["at"],
            number,
            slot,
            version,
            before,
            after,
            fields["weight"],
            fields["sentence"],
            Actor(*fields["actor"]),
            tuple(map(Verdict.from_record, fields["verdicts"])),
        )
