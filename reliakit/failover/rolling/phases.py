"""The phases of a replacement, and the steps of each endpoint in it: two tables of what leads from which to which."""

from collections.abc import Mapping
from enum import StrEnum

from reliakit.core.acting import Refused

__all__ = ["ACTIVE", "OUT", "STEPS", "TRANSITIONS", "Move", "Phase", "Step", "Trigger", "moved", "stepped"]


class Phase(StrEnum):
    """Where a replacement stands; the words are those of rollouts."""

    RUNNING = "Running"
    PAUSED = "Paused"
    UNDOING = "Undoing"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    ERROR = "Error"


class Trigger(StrEnum):
    """What happens to a replacement. The last four are what people may ask for."""

    COMPLETE = "complete"
    FAULT = "fault"
    UNDONE = "undone"
    STICK = "stick"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"


TRANSITIONS: Mapping[Phase, Mapping[Trigger, Phase]] = {
    Phase.RUNNING: {
        Trigger.COMPLETE: Phase.SUCCESSFUL,
        Trigger.FAULT: Phase.UNDOING,
        Trigger.PAUSE: Phase.PAUSED,
        Trigger.ABORT: Phase.UNDOING,
    },
    Phase.PAUSED: {
        Trigger.FAULT: Phase.UNDOING,
        Trigger.RESUME: Phase.RUNNING,
        Trigger.ABORT: Phase.UNDOING,
    },
    Phase.UNDOING: {
        Trigger.UNDONE: Phase.FAILED,
        Trigger.STICK: Phase.ERROR,
    },
    Phase.ERROR: {Trigger.RETRY: Phase.UNDOING},
    Phase.SUCCESSFUL: {},
    Phase.FAILED: {},
}


ACTIVE = frozenset({Phase.RUNNING, Phase.PAUSED, Phase.UNDOING})
"""Phases in which something is under way."""


class Step(StrEnum):
    """Where an endpoint stands. A spare is absent while it is old."""

    OLD = "old"
    DRAINING = "draining"
    REPLACING = "replacing"
    STARTING = "starting"
    WARMING = "warming"
    BAKING = "baking"
    NEW = "new"
    LEAVING = "leaving"
    UNDOING = "undoing"
    RETURNING = "returning"


class Move(StrEnum):
    """What happens to an endpoint."""

    BEGIN = "begin"
    EMPTIED = "emptied"
    REPLACED = "replaced"
    READY = "ready"
    WARMED = "warmed"
    BAKED = "baked"
    RESTORE = "restore"
    UNDO = "undo"
    PUT_BACK = "put back"


STEPS: Mapping[Step, Mapping[Move, Step]] = {
    Step.OLD: {Move.BEGIN: Step.DRAINING},
    Step.DRAINING: {Move.EMPTIED: Step.REPLACING, Move.RESTORE: Step.OLD},
    Step.REPLACING: {Move.REPLACED: Step.STARTING, Move.UNDO: Step.LEAVING},
    Step.STARTING: {Move.READY: Step.WARMING, Move.UNDO: Step.LEAVING},
    Step.WARMING: {Move.WARMED: Step.BAKING, Move.UNDO: Step.LEAVING},
    Step.BAKING: {Move.BAKED: Step.NEW, Move.UNDO: Step.LEAVING},
    Step.NEW: {Move.UNDO: Step.LEAVING},
    Step.LEAVING: {Move.EMPTIED: Step.UNDOING},
    Step.UNDOING: {Move.PUT_BACK: Step.RETURNING},
    Step.RETURNING: {Move.READY: Step.OLD},
}
OUT = frozenset({Step.DRAINING, Step.REPLACING, Step.STARTING, Step.LEAVING, Step.UNDOING, Step.RETURNING})
"""Steps in which an endpoint gets no requests."""


def moved(phase: Phase, trigger: Trigger) -> Phase:
    """Returns the phase that follows.

    Raises:
        Refused: the table has no such transition.
    """
    try:
        return TRANSITIONS[phase][trigger]
    except KeyError:
        able = ", ".join(sorted(each.value for each in TRANSITIONS[phase] if each in _ASKED)) or "nothing"
        raise Refused(f"can't {trigger} a replacement that is {phase}; what can be done: {able}") from None


_ASKED = frozenset(list(Trigger)[-4:])


def stepped(step: Step, move: Move) -> Step:
    """Returns the step that follows; raises KeyError where the table has none."""
    return STEPS[step][move]
