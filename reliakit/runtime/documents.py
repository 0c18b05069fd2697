"""The documents that workers share: their keys, and what they say.

rollout/NAME        where a rollout stands: small, read by every worker whenever it changes
evidence/NAME       what its release has shown: changes with every fold, read by whoever folds
override/FLAG       to what somebody has pinned a flag, why, and until when
content/SOURCE      which contents of a definitions document have been journalled
minutes/NAME/HOUR   outcomes by minute and slot
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from reliakit.rollouts.records import Record, oldest, opened, stamped, written
from reliakit.rollouts.state import RolloutState
from reliakit.stores.protocol import Document, Write

__all__ = [
    "EVIDENCE",
    "OVERRIDE",
    "PIN_CHANGED",
    "ROLLOUT",
    "Pin",
    "Versioned",
    "pins_in",
    "states_in",
    "text_of",
    "writes_of",
]

ROLLOUT, EVIDENCE, OVERRIDE = "rollout/", "evidence/", "override/"
PIN_CHANGED = "pin_changed"
"""The kind of a journal entry about a pin: flag, value (none where the file holds again), before, reason, until, actor."""


@dataclass(frozen=True, slots=True)
class Versioned:
    """A state as it was read, with the versions of its two documents (0 for one that does not exist, or was not read).

    `judged` says whether there is evidence, also where that was not read; `format` is the version of records in
    which the state is written.
    """

    state: RolloutState
    version: int = 0
    evidence_version: int = 0
    judged: bool = False
    format: int = 0


@dataclass(frozen=True, slots=True)
class Pin:
    """To what somebody has pinned a flag.

    Attributes:
        flag: its key.
        value: on, off, or a variant's name.
        reason: for people.
        by: who did it, for people.
        at: seconds since 1970-01-01 UTC.
        until: when it ends; None for never.
    """

    flag: str
    value: bool | str
    reason: str
    by: str
    at: float
    until: float | None = None

    def holds(self, now: float) -> bool:
        """Whether it is in force."""
        return self.until is None or now < self.until

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        told = {"reason": self.reason, "by": self.by, "at": self.at, "until": self.until}
        return stamped("pin", flag=self.flag, value=self.value, **told)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Pin":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("pin", record)
        return cls(*(fields[name] for name in ("flag", "value", "reason", "by", "at", "until")))


def text_of(record: Record, format: int = 0) -> str:
    """Returns the text of a record, for those who read up to that version; 0 where nobody knows who they are."""
    return msgspec.json.encode(written(record, format or oldest())).decode()


def states_in(found: Mapping[str, Document]) -> dict[str, Versioned]:
    """Returns the states among documents, by rollout.

    Raises:
        ValueError: one can't be read by this version.
    """
    states: dict[str, Versioned] = {}
    for key, document in found.items():
        if key.startswith(ROLLOUT):
            name = key.removeprefix(ROLLOUT)
            evidence = found.get(EVIDENCE + name)
            stands, shown = decoded(document), None if evidence is None else decoded(evidence)
            if shown is not None:
                stands["why"] = shown.get("why", stands["why"])
            state = RolloutState.from_record(stands, shown)
            version = 0 if evidence is None else evidence.version
            judged, form = bool(stands.get("judged")), stands["version"]
            states[name] = Versioned(state, document.version, version, judged, form)
    return states


def pins_in(found: Mapping[str, Document]) -> dict[str, Pin]:
    """Returns the pins among documents, by flag; raises ValueError where one can't be read."""
    return {
        key.removeprefix(OVERRIDE): Pin.from_record(decoded(document))
        for key, document in found.items()
        if key.startswith(OVERRIDE)
    }


def decoded(document: Document) -> dict[str, Any]:
    """Returns the record that a document holds; raises ValueError where it holds none."""
    try:
        record: dict[str, Any] = msgspec.json.decode(document.text, type=dict[str, Any])
    except msgspec.DecodeError as wrong:
        raise ValueError(f"not a record: {wrong}") from wrong
    return record


def _news(before: RolloutState, after: RolloutState) -> bool:
    """Whether workers have to know."""
    judged = (before.evidence is None) != (after.evidence is None)
    return judged or replace(before, why="", evidence=None) != replace(after, why="", evidence=None)


def writes_of(before: Versioned, after: RolloutState, format: int = 0) -> list[Write]:
    """Returns what has to be written for a state to follow another, for those who read up to version `format`.

    The evidence is written every time, so that of two deciders one wins whole. It takes along why the release stands
    where it stands: that changes with every second, and is no news that workers should have to read.
    """
    writes = []
    if not before.version or before.format != (format or oldest()) or _news(before.state, after):
        writes.append(Write(ROLLOUT + after.rollout, text_of(after.to_record(), format), before.version))
    key = EVIDENCE + after.rollout
    if after.evidence is not None:
        shown = after.evidence.to_record() | {"why": after.why}
        writes.append(Write(key, text_of(shown, format), before.evidence_version))
    elif before.evidence_version:
        writes.append(Write(key, None, before.evidence_version))
    return writes
