"""One meaning of a rollout while two definitions live side by side, as they do in every deploy.

A definition that the state has not seen wins at once. One that it has seen, and that is not in force any more, wins
again only when no live worker has reported the one in force for half a minute: then the deploy has been taken back.
"""

from dataclasses import dataclass, replace

from reliakit.rollouts.definition import RolloutDefinition, Target
from reliakit.rollouts.events import Happening
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.phases import Trigger
from reliakit.rollouts.state import REMEMBERED, RolloutState
from reliakit.rollouts.transitions import Moving

__all__ = ["UNREPORTED", "Silence", "adopt", "in_force"]

UNREPORTED = 30.0
"""Seconds without a report of the definition in force, after which an older one wins again."""
_LONGEST = 2.0
"""Seconds of silence that one look adds at most."""
_SAME = 0.01


@dataclass(frozen=True, slots=True)
class Silence:
    """For how long somebody with an older definition has seen nobody report the one in force.

    The age of the last report alone would not do: a clock that jumps makes all reports old, and a store that has lost
    everything knows of none.

    Attributes:
        meaning: of the definition in force.
        last: when it was last reported, by the store's clock; None where nobody did.
        at: the store's clock at the last look.
        seconds: of silence.
    """

    meaning: str = ""
    last: float | None = None
    at: float = 0.0
    seconds: float = 0.0

    def looked(self, meaning: str, age: float | None, now: float) -> "Silence":
        """Returns the silence after a look. `age` is how long ago the store was told, in seconds; None for never."""
        last = None if age is None else now - age
        # Another time than before, not a later one: where the clock has gone back, every new report is earlier.
        if meaning != self.meaning or (last is not None and abs(last - (self.last or 0.0)) > _SAME):
            return Silence(meaning, last, now)
        return replace(self, at=now, seconds=self.seconds + min(_LONGEST, max(0.0, now - self.at)))


def in_force(definition: RolloutDefinition, state: RolloutState, observed: Observed) -> bool:
    """Whether whoever has this definition may decide."""
    if definition.meaning == state.meaning or definition.meaning not in state.seen:
        return True
    return observed.reported.get(state.meaning, UNREPORTED) >= UNREPORTED


def adopt(moving: Moving) -> None:
    """Puts a definition in force: what is edited applies in place, and a release that it newly asks for starts."""
    state, definition = moving.state, moving.definition
    if definition.meaning == state.meaning:
        return
    seen = [meaning for meaning in state.seen if meaning != definition.meaning]
    again = len(seen) < len(state.seen)
    moving.put(meaning=definition.meaning, seen=(*seen, definition.meaning)[-REMEMBERED:])
    if state.meaning:
        how = "an earlier definition is in force again" if again else "the definition was edited"
        moving.note(Happening.DEFINED, how)
    if state.active:
        _keep_place(moving)
    asked = definition.release
    if asked is not None and _asked(state) != asked and not _runs(state, asked):
        _start(moving, asked)


def _runs(state: RolloutState, asked: Target) -> bool:
    """Whether somebody has started by hand what the file asks for now."""
    return (
        state.active
        and state.release is not None
        and Target(state.release.slot, state.release.version) == asked
    )


def _asked(state: RolloutState) -> Target | None:
    """What the definition in force asks for, which its meaning ends with."""
    _, _, target = state.meaning.partition(" ")
    slot, _, version = target.partition(" ")
    return Target(slot, version) if target else None


def _keep_place(moving: Moving) -> None:
    """Finds the step of the present weight on an edited ladder: never one with a higher weight."""
    state, steps = moving.state, moving.definition.steps
    if state.step < len(steps) and steps[state.step].weight == state.weight:
        return
    lower = [step.weight for step in steps if step.weight <= state.weight]
    weight = max(lower, default=state.weight)
    moving.put(step=next((index for index, step in enumerate(steps) if step.weight == weight), 0))
    if weight != state.weight:
        moving.put(weight=weight, evidence=moving.stepped())


def _start(moving: Moving, asked: Target) -> None:
    state = moving.state
    said = f"the definitions ask for {asked.version} in {asked.slot}"
    if asked.slot == state.stable:
        if state.active:
            moving.go_back(Trigger.ABORT, f"{said}, which is stable")
        elif state.release is None or state.release.version != asked.version:
            moving.note(Happening.REFUSED, f"{said}, which is stable: release to the other slot")
        return
    if state.active:
        moving.go_back(Trigger.ABORT, f"{said} instead")
    moving.begin(asked.slot, asked.version, said)
