"""What people tell a rollout to do: pure, like the controller, and along the same table."""

from dataclasses import dataclass
from enum import StrEnum

from reliakit.rollouts.assessment import verdicts
from reliakit.rollouts.controller import Decided
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Actor, Happening
from reliakit.rollouts.phases import Phase, Refused, Trigger
from reliakit.rollouts.state import Hold, Release, RolloutState
from reliakit.rollouts.transitions import Moving, began
from reliakit.rollouts.verdict import Verdict

__all__ = ["Order", "Orders", "obey"]


class Orders(StrEnum):
    """The verbs."""

    START = "start"
    PROMOTE = "promote"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class Order:
    """One order.

    Attributes:
        verb: what to do.
        slot, version: of the release to start.
        full: promote to everybody, not by one step.
        reason: for the journal.
    """

    verb: Orders
    slot: str = ""
    version: str = ""
    full: bool = False
    reason: str = ""


def obey(
    definition: RolloutDefinition, state: RolloutState, order: Order, now: float, actor: Actor
) -> Decided:
    """Carries out an order.

    Raises:
        Refused: it makes no sense now; the message says what would.
    """
    moving = began(definition, state, now, actor)
    _OBEYED[order.verb](moving, order)
    return Decided(moving.state, tuple(moving.events), now)


def _start(moving: Moving, order: Order) -> None:
    definition, state = moving.definition, moving.state
    if order.slot not in definition.slots:
        raise Refused(f"there is no slot {order.slot!r}; the slots are {', '.join(definition.slots)}")
    if order.slot == state.stable:
        raise Refused(f"{order.slot} is stable; release to {definition.other(order.slot)}")
    if state.active and state.release is not None:
        raise Refused(f"{state.release.version} is {state.phase}: abort it first, or promote it")
    moving.begin(order.slot, order.version, _because(order, f"started {order.version} in {order.slot}"))


def _promote(moving: Moving, order: Order) -> None:
    _need_release(moving)
    step = len(moving.definition.steps) if order.full else moving.next_step
    why = _because(order, "promoted to everybody" if order.full else "promoted by one step")
    moving.step_to(Trigger.ADVANCE, step, why, _evidence(moving))


def _pause(moving: Moving, order: Order) -> None:
    _need_release(moving)
    moving.move(Trigger.PAUSE, _because(order, "paused"), _evidence(moving), hold=Hold.PERSON)


def _resume(moving: Moving, order: Order) -> None:
    _need_release(moving)
    if moving.state.hold in (Hold.GATE, Hold.WEBHOOK, Hold.TIME):
        raise Refused(f"nobody has paused it: {moving.state.why}; promote it to go on")
    moving.move(Trigger.RESUME, _because(order, "resumed"))


def _abort(moving: Moving, order: Order) -> None:
    _need_release(moving)
    moving.go_back(Trigger.ABORT, _because(order, "aborted"), _evidence(moving))


def _retry(moving: Moving, order: Order) -> None:
    release = _need_release(moving)
    why = _because(order, "tried again")
    if moving.state.phase is Phase.FAILED:
        if release.slot not in moving.definition.slots:
            raise Refused(f"{release.slot} is no slot any more; start the release in another")
        if release.slot == moving.state.stable:
            raise Refused(f"{release.slot} is stable; there is nothing to try again")
        moving.begin(release.slot, release.version, why, Happening.RETRIED)
    else:
        moving.step_to(Trigger.RETRY, moving.state.step, why, _evidence(moving))


def _roll_back(moving: Moving, order: Order) -> None:
    _need_release(moving)
    moving.go_back(Trigger.ROLL_BACK, _because(order, "rolled back"), _evidence(moving))


def _need_release(moving: Moving) -> Release:
    if moving.state.release is None or moving.state.phase is None:
        raise Refused(f"{moving.state.rollout} has no release yet; start one")
    return moving.state.release


def _evidence(moving: Moving) -> tuple[Verdict, ...]:
    state, definition = moving.state, moving.definition
    if state.evidence is None:
        return ()
    # The definition may be newer than what the controller has folded under.
    return verdicts(
        state.evidence.analysis.under(definition.analysis, state.present_step(definition)), definition
    )


def _because(order: Order, done: str) -> str:
    return f"{done}: {order.reason}" if order.reason else done


_OBEYED = {
    Orders.START: _start,
    Orders.PROMOTE: _promote,
    Orders.PAUSE: _pause,
    Orders.RESUME: _resume,
    Orders.ABORT: _abort,
    Orders.RETRY: _retry,
    Orders.ROLL_BACK: _roll_back,
}
