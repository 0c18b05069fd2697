"""The state of one rollout: small, plain and shared. Its evidence, which changes at every fold, is kept beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reliakit.rollouts.definition import RolloutDefinition, Step
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.phases import ACTIVE, Phase
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.usual import Usual

__all__ = ["REMEMBERED", "Hold", "Release", "RolloutState"]

REMEMBERED = 16
"""Definitions that a state remembers to have seen."""


class Hold(StrEnum):
    """What a paused release waits for."""

    NOTHING = ""
    PERSON = "person"
    GATE = "gate"
    WEBHOOK = "webhook"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Release:
    """One attempt to bring a version into service.

    Attributes:
        number: counts the attempts of a rollout; outcomes are tallied by it.
        slot: where the version runs.
        version: what people call it.
        started: seconds since 1970-01-01 UTC, for people.
    """

    number: int
    slot: str
    version: str
    started: float


@dataclass(frozen=True, slots=True)
class RolloutState:
    """Where a rollout stands.

    Attributes:
        rollout: its name.
        stable: the slot that takes whatever the canary does not.
        number: of the last release; 0 before the first.
        meaning: of the definition in force.
        seen: meanings that were in force before, oldest first.
        release: the last one, ended or not; None before the first.
        phase: of the release.
        step: index of its step.
        weight: percent that goes to the slot which is not stable.
        hold: what a pause waits for.
        why: for people: why it stands where it stands.
        evidence: of the release; None where nothing is judged.
        usual: how often stable has failed, as the last release knew when it was judged no more.
    """

    rollout: str
    stable: str
    meaning: str = ""
    seen: tuple[str, ...] = ()
    number: int = 0
    release: Release | None = None
    phase: Phase | None = None
    step: int = 0
    weight: float = 0.0
    hold: Hold = Hold.NOTHING
    why: str = "no release yet"
    evidence: Evidence | None = None
    usual: Usual = field(default_factory=Usual)

    @classmethod
    def begun(cls, definition: RolloutDefinition) -> "RolloutState":
        """Returns the state before anything happened: everything goes to the initial slot."""
        return cls(definition.name, definition.initial)

    @property
    def active(self) -> bool:
        """Whether a release has begun and not ended."""
        return self.phase in ACTIVE

    @property
    def warm(self) -> bool:
        """Whether a release has succeeded so lately that the version before it is kept at hand."""
        return self.phase is Phase.SUCCESSFUL and self.evidence is not None

    @property
    def share(self) -> float:
        """Percent that goes to the slot of the release."""
        return 100.0 if self.phase is Phase.SUCCESSFUL else self.weight

    @property
    def compares(self) -> bool:
        """Whether stable runs beside the canary now. Elsewhere only guards judge."""
        return self.active and 0 < self.weight < 100

    def canary(self, definition: RolloutDefinition) -> str:
        """Returns the slot that is judged: that of the release, or the one that is not stable."""
        return self.release.slot if self.release else definition.other(self.stable)

    def present_step(self, definition: RolloutDefinition) -> Step:
        """Returns the step, also where edits have shortened the ladder."""
        return definition.steps[min(self.step, len(definition.steps) - 1)]

    def to_record(self) -> Record:
        """Returns what JSON can hold, without the evidence."""
        release = self.release
        return stamped(
            "rollout",
            rollout=self.rollout,
            stable=self.stable,
            meaning=self.meaning,
            seen=list(self.seen),
            number=self.number,
            release=release and [release.number, release.slot, release.version, release.started],
            phase=self.phase and self.phase.value,
            step=self.step,
            weight=self.weight,
            hold=self.hold.value,
            why=self.why,
            judged=self.evidence is not None,
            usual=self.usual.to_record(),
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any], evidence: Mapping[str, Any] | None) -> "RolloutState":
        """Reads `to_record` and that of the evidence; raises ValueError where it is something else."""
        fields = opened("rollout", record)
        return cls(
            fields["rollout"],
            fields["stable"],
            fields["meaning"],
            tuple(fields["seen"]),
            fields["number"],
            fields["release"] and Release(*fields["release"]),
            fields["phase"] and Phase(fields["phase"]),
            fields["step"],
            fields["weight"],
            Hold(fields["hold"]),
            fields["why"],
            None if evidence is None else Evidence.from_record(evidence),
            Usual.from_record(fields.get("usual", ())),
        )
