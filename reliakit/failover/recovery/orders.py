"""What people tell the regions of an upstream to do: pure, like the decisions, and along the same table."""

from dataclasses import dataclass
from enum import StrEnum

from reliakit.core.acting import Actor, Refused
from reliakit.failover.recovery.controller import Decided
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.detecting import begun
from reliakit.failover.recovery.moving import Moving
from reliakit.failover.recovery.observed import Observed
from reliakit.failover.recovery.phases import Phase, Trigger
from reliakit.failover.recovery.state import RecoveryState

__all__ = ["Order", "Orders", "obey"]


class Orders(StrEnum):
    """The verbs."""

    START = "start"
    DRILL = "drill"
    BACK = "back"
    CANCEL = "cancel"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Order:
    """One order.

    Attributes:
        verb: what to do.
        region: of `start` and `drill`: the one to go to, or to leave where all serve; empty for the usual one.
        reason: for the journal.
    """

    verb: Orders
    region: str = ""
    reason: str = ""


def obey(
    definition: RecoveryDefinition,
    state: RecoveryState,
    order: Order,
    observed: Observed,
    now: float,
    actor: Actor,
) -> Decided:
    """Carries out an order; the next decision goes on from there.

    Raises:
        Refused: it makes no sense now; the message says what would.
    """
    moving = Moving(definition, state, observed, now, actor=actor)
    trigger = Trigger(order.verb.value)
    why = f"{_SAID[order.verb]}: {order.reason}" if order.reason else _SAID[order.verb]
    if trigger in (Trigger.START, Trigger.DRILL) and state.phase in (Phase.SERVING, Phase.DETECTING):
        _begin(moving, trigger, order.region, why)
    else:
        moving.move(trigger, why, hasty=False)
    if moving.state.phase is Phase.SERVING:
        moving.put(incident=None)
    return Decided(moving.state, tuple(moving.events), now)


_SAID = {
    Orders.START: "failed over by hand",
    Orders.DRILL: "a drill",
    Orders.BACK: "failed back by hand",
    Orders.CANCEL: "called off",
    Orders.RETRY: "tried again",
}


def _begin(moving: Moving, trigger: Trigger, region: str, why: str) -> None:
    definition, shared = moving.definition, moving.definition.traits.all_serve
    able = definition.regions if shared else definition.regions[1:]
    if region and region not in able:
        raise Refused(f"{region!r} is none of {', '.join(able)}")
    away, to = (region or able[0], "") if shared else (definition.regions[0], region)
    incident = begun(moving, away, to, asked=True, drill=trigger is Trigger.DRILL)
    facts = {"rpo_seconds": incident.lag, "rpo_objective_seconds": definition.rpo}
    number = moving.state.number + (moving.state.incident is None)
    moving.put(incident=incident, number=number, bad=0.0, well=0.0)
    moving.move(trigger, why, facts)
