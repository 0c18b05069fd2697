"""One step of the controller: from what a rollout is to do, where it stands and what was seen, to where it stands now.

It is pure: the same arguments give the same answer, byte for byte. Folding the same block twice is impossible, since
the state holds the cursor; deciding twice does no harm, since only one of two writers of the same state wins.
"""

from dataclasses import dataclass, replace
from math import inf

from reliakit.rollouts.adoption import adopt, in_force
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Event, Happening
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.folding import CANARY, folded, lagging, rebased
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.phases import Phase, Trigger
from reliakit.rollouts.reactions import react
from reliakit.rollouts.served import CountsLost
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.transitions import Moving, began, fresh

__all__ = ["AGAIN", "LOST", "Decided", "awaiting", "decide", "faulted"]

LOST = 60.0
"""Seconds for which counts have to be lower than before until they are given up: workers publish again what a store has
lost, and a replica may be behind.
"""
AGAIN = 5.0
"""Seconds that workers have to publish again what they have counted, where a store is known to have lost it all."""
_MORE = 2**53
_SOON = 1.0
_ACCRUE = 2.0
"""Seconds after which time alone is worth writing down; less than a fold may add, so that none is lost."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What follows.

    Attributes:
        state: the same object as before, where nothing is to be written.
        events: for the journal, in order.
        wake: when to decide again, by the same clock; infinite where only an order or an edit changes anything.
    """

    state: RolloutState
    events: tuple[Event, ...]
    wake: float


def decide(definition: RolloutDefinition, state: RolloutState, observed: Observed, now: float) -> Decided:
    """Decides.

    Args:
        definition: what this worker has read; where another one is in force, nothing is decided.
        state: as the store holds it.
        observed: the shared counts, read after the state.
        now: the store's clock, in seconds.
    """
    if not in_force(definition, state, observed):
        return Decided(state, (), now + _SOON)
    moving = began(definition, state, now)
    adopt(moving)
    # What was observed is of the release before, where another one has just begun.
    if _knows_its_slots(moving) and moving.state.number == state.number:
        _restore(moving)
        _go_on(moving, observed, state.weight)
    return _decided(moving, state)


def awaiting(definition: RolloutDefinition, now: float) -> Evidence:
    """Returns the evidence of a release whose counts are lost and come again: none of them is judged a second time.

    It takes the counts for lower than before, as `lagging` has it, but only for so long as they need to come.
    """
    return replace(fresh(definition, now), looked={CANARY: (_MORE, _MORE)}, behind=LOST - AGAIN)


def faulted(definition: RolloutDefinition, state: RolloutState, why: str, now: float) -> Decided:
    """Stops a release that can't be decided about: its weight stays, and a person has to look."""
    moving = began(definition, state, now)
    if state.active and state.phase not in (Phase.ERROR, Phase.INCONCLUSIVE):
        moving.move(Trigger.FAULT, why)
    return Decided(moving.state, tuple(moving.events), inf)


def _knows_its_slots(moving: Moving) -> bool:
    """Whether the slots of the state are still slots. An edit may have renamed them, and which is which only people
    know: a release in progress waits for them, and where there is none `initial` says what is stable.
    """
    definition, state = moving.definition, moving.state
    unknown = [slot for slot in (state.stable, state.canary(definition)) if slot not in definition.slots]
    if state.active and unknown:
        why = f"{unknown[0]} is no slot any more: name the slots as they were, or abort"
        if state.phase in (Phase.ERROR, Phase.INCONCLUSIVE):
            moving.put(why=why)
        else:
            moving.move(Trigger.FAULT, why)
    elif state.stable not in definition.slots:
        why = f"{state.stable} is no slot any more: {definition.initial} is stable, as `initial` says"
        moving.put(stable=definition.initial, evidence=None, why=why)
        moving.note(Happening.DEFINED, why)
    return not unknown


def _restore(moving: Moving) -> None:
    """Begins the evidence of a release anew where it is lost, or nothing would ever move again."""
    if moving.state.active and moving.state.evidence is None:
        moving.put(evidence=moving.fresh())
        moving.note(Happening.COUNTS_LOST, "its evidence was lost and begins anew")


def _go_on(moving: Moving, observed: Observed, weight: float) -> None:
    if moving.state.evidence is None or not _fold(moving, observed):
        return
    if moving.state.weight != weight:
        # It was served at the weight before the edit: it speaks against, as ever, and for no step that nobody has seen.
        moving.put(evidence=moving.stepped())
    react(moving, observed)


def _decided(moving: Moving, before: RolloutState) -> Decided:
    state, events = moving.state, tuple(moving.events)
    wake = moving.now + _SOON if state.evidence is not None else inf
    return Decided(state if events or _worth_writing(before, state) else before, events, wake)


def _worth_writing(before: RolloutState, after: RolloutState) -> bool:
    if before.evidence is None or after.evidence is None:
        return before != after
    if (before.why, before.meaning) != (after.why, after.meaning):
        return True
    then, now = before.evidence, after.evidence
    if then.cursor != now.cursor or then.pending != now.pending:
        return True
    return now.at - then.at >= _ACCRUE or now.at < then.at


def _fold(moving: Moving, observed: Observed) -> bool:
    """Folds; False where the counts say nothing at this look."""
    definition, state, now = moving.definition, moving.state, moving.now
    try:
        moving.put(evidence=folded(definition, state, observed, now))
        return True
    except CountsLost:
        behind = lagging(state, now)
    moving.put(evidence=behind)
    if behind.behind >= LOST:
        moving.put(evidence=rebased(definition, moving.state, observed, now))
        moving.note(Happening.COUNTS_LOST, "the store has lost counts: evidence goes on from what is there")
    return False
