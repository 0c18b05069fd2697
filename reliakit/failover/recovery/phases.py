"""The phases of a recovery, and the one table of what leads from which to which."""

from collections.abc import Mapping
from enum import StrEnum

from reliakit.core.acting import Refused

__all__ = ["BEFORE", "TRANSITIONS", "Phase", "Trigger", "drawn", "moved"]


class Phase(StrEnum):
    """Where the regions of an upstream stand."""

    SERVING = "Serving"
    DETECTING = "Detecting"
    PREPARING = "Preparing"
    GATED = "Gated"
    SHIFTING = "Shifting"
    AWAY = "Away"
    CLEARING = "Clearing"
    FAILING_BACK = "FailingBack"
    ERROR = "Error"


class Trigger(StrEnum):
    """What happens. All but the last five follow from what is seen and from time; people may ask for those."""

    LOSE = "lose"
    RECOVER = "recover"
    CONFIRM = "confirm"
    PREPARED = "prepared"
    READY = "ready"
    SHIFTED = "shifted"
    QUIET = "quiet"
    CLEARED = "cleared"
    RETURNED = "returned"
    RETREAT = "retreat"
    FAULT = "fault"
    START = "start"
    DRILL = "drill"
    BACK = "back"
    CANCEL = "cancel"
    RETRY = "retry"


BEFORE = frozenset({Phase.PREPARING, Phase.GATED})
"""Phases of a failover that has begun and has moved no traffic yet."""

TRANSITIONS: Mapping[Phase, Mapping[Trigger, Phase]] = {
    Phase.SERVING: {
        Trigger.LOSE: Phase.DETECTING,
        Trigger.START: Phase.PREPARING,
        Trigger.DRILL: Phase.PREPARING,
    },
    Phase.DETECTING: {
        Trigger.RECOVER: Phase.SERVING,
        Trigger.CONFIRM: Phase.PREPARING,
        Trigger.START: Phase.PREPARING,
    },
    Phase.PREPARING: {
        Trigger.PREPARED: Phase.GATED,
        Trigger.RECOVER: Phase.SERVING,
        Trigger.FAULT: Phase.ERROR,
        Trigger.CANCEL: Phase.SERVING,
    },
    Phase.GATED: {
        Trigger.READY: Phase.SHIFTING,
        Trigger.RECOVER: Phase.SERVING,
        Trigger.FAULT: Phase.ERROR,
        Trigger.CANCEL: Phase.SERVING,
    },
    Phase.SHIFTING: {
        Trigger.SHIFTED: Phase.AWAY,
        Trigger.RETREAT: Phase.CLEARING,
        Trigger.BACK: Phase.CLEARING,
    },
    Phase.AWAY: {
        Trigger.QUIET: Phase.CLEARING,
        Trigger.BACK: Phase.CLEARING,
    },
    Phase.CLEARING: {
        Trigger.CLEARED: Phase.FAILING_BACK,
        Trigger.RETREAT: Phase.SHIFTING,
        Trigger.FAULT: Phase.SHIFTING,
        Trigger.CANCEL: Phase.SHIFTING,
    },
    Phase.FAILING_BACK: {
        Trigger.RETURNED: Phase.SERVING,
        Trigger.RETREAT: Phase.SHIFTING,
        Trigger.START: Phase.SHIFTING,
        Trigger.CANCEL: Phase.SHIFTING,
    },
    Phase.ERROR: {
        Trigger.RETRY: Phase.PREPARING,
        Trigger.RECOVER: Phase.SERVING,
        Trigger.CANCEL: Phase.SERVING,
    },
}
"""A failback that can't go on ends in SHIFTING, which brings what is missing on the standby there again."""


def moved(phase: Phase, trigger: Trigger) -> Phase:
    """Returns the phase that follows.

    Raises:
        Refused: the table has no such transition.
    """
    try:
        return TRANSITIONS[phase][trigger]
    except KeyError:
        able = ", ".join(sorted(each.value for each in TRANSITIONS[phase] if each in _ASKED)) or "nothing"
        raise Refused(f"can't {trigger} while it is {phase}; what can be done: {able}") from None


_ASKED = frozenset(list(Trigger)[-5:])


def drawn() -> str:
    """Returns the table as a Mermaid state diagram, for the documents."""
    lines = [
        f"    {phase} --> {after}: {trigger}"
        for phase, row in TRANSITIONS.items()
        for trigger, after in row.items()
    ]
    return "\n".join(["stateDiagram-v2", "    [*] --> Serving", *lines])
