"""The phases of a release, and the one table of what leads from which to which."""

from collections.abc import Mapping
from enum import StrEnum

from reliakit.core.acting import Refused

__all__ = ["ACTIVE", "TRANSITIONS", "Phase", "Refused", "Trigger", "drawn", "moved"]


class Phase(StrEnum):
    """Where a release stands; the words are those of Argo Rollouts."""

    PENDING = "Pending"
    RUNNING = "Running"
    PAUSED = "Paused"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    ERROR = "Error"
    INCONCLUSIVE = "Inconclusive"


class Trigger(StrEnum):
    """What happens to a release. The first five follow from evidence and time alone; people may ask for the others."""

    TRAFFIC = "traffic"
    STARVE = "starve"
    WAIT = "wait"
    EXPIRE = "expire"
    FAULT = "fault"
    ADVANCE = "advance"
    COMPLETE = "complete"
    ROLL_BACK = "roll back"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"


ACTIVE = frozenset({Phase.PENDING, Phase.RUNNING, Phase.PAUSED, Phase.INCONCLUSIVE, Phase.ERROR})
"""Phases in which a release has begun and not ended: both versions run."""

_ENDS: Mapping[Trigger, Phase] = {
    Trigger.COMPLETE: Phase.SUCCESSFUL,
    Trigger.ROLL_BACK: Phase.FAILED,
    Trigger.ABORT: Phase.FAILED,
}

TRANSITIONS: Mapping[Phase, Mapping[Trigger, Phase]] = {
    Phase.PENDING: {
        Trigger.TRAFFIC: Phase.RUNNING,
        Trigger.ADVANCE: Phase.PENDING,
        Trigger.PAUSE: Phase.PAUSED,
        Trigger.FAULT: Phase.ERROR,
        **_ENDS,
    },
    Phase.RUNNING: {
        Trigger.STARVE: Phase.PENDING,
        Trigger.ADVANCE: Phase.RUNNING,
        Trigger.WAIT: Phase.PAUSED,
        Trigger.PAUSE: Phase.PAUSED,
        Trigger.EXPIRE: Phase.INCONCLUSIVE,
        Trigger.FAULT: Phase.ERROR,
        **_ENDS,
    },
    Phase.PAUSED: {
        Trigger.ADVANCE: Phase.RUNNING,
        Trigger.RESUME: Phase.RUNNING,
        Trigger.PAUSE: Phase.PAUSED,
        Trigger.FAULT: Phase.ERROR,
        **_ENDS,
    },
    Phase.INCONCLUSIVE: {
        Trigger.ADVANCE: Phase.RUNNING,
        Trigger.RETRY: Phase.RUNNING,
        **_ENDS,
    },
    Phase.ERROR: {
        Trigger.RETRY: Phase.RUNNING,
        Trigger.ROLL_BACK: Phase.FAILED,
        Trigger.ABORT: Phase.FAILED,
    },
    Phase.SUCCESSFUL: {Trigger.ROLL_BACK: Phase.FAILED},
    Phase.FAILED: {Trigger.RETRY: Phase.PENDING},
}


def moved(phase: Phase, trigger: Trigger) -> Phase:
    """Returns the phase that follows.

    Raises:
        Refused: the table has no such transition.
    """
    try:
        return TRANSITIONS[phase][trigger]
    except KeyError:
        able = ", ".join(sorted({_VERBS[each] for each in TRANSITIONS[phase] if each in _VERBS}))
        verb = _VERBS.get(trigger, trigger.value)
        raise Refused(f"can't {verb} a release that is {phase}; what can be done: {able}") from None


_VERBS = {each: each.value for each in list(Trigger)[5:]} | {
    Trigger.ADVANCE: "promote",
    Trigger.COMPLETE: "promote",
}
"""What people call the triggers that they may ask for."""


def drawn() -> str:
    """Returns the table as a Mermaid state diagram, for the documents."""
    lines = [
        f"    {phase} --> {after}: {trigger}"
        for phase, row in TRANSITIONS.items()
        for trigger, after in row.items()
    ]
    return "\n".join(["stateDiagram-v2", "    [*] --> Pending: start", *lines])
