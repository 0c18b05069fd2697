"""How long a step has run and waited, in true seconds: a person's pause divides a bake into parts."""

from dataclasses import dataclass, replace
from typing import Self

from reliakit.rollouts.events import Event, Happening
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.state import Hold, RolloutState

__all__ = ["Stints"]

_BEGIN = (Happening.STARTED, Happening.ADVANCED, Happening.PROMOTED, Happening.RETRIED)


@dataclass(frozen=True, slots=True)
class Stints:
    """What has become of a step so far.

    Attributes:
        since: when the present part began.
        jumps: of the clock, before the step began.
        runs: whether the present part is one of the bake.
        waits: whether it is one of the timed pause.
        ran: seconds of bake in the parts before.
        waited: seconds of the timed pause in the parts before.
        ordered: how many parts of the bake began by an order of a person.
    """

    since: float
    jumps: int
    runs: bool = False
    waits: bool = False
    ran: float = 0.0
    waited: float = 0.0
    ordered: int = 0

    def until(self, now: float) -> Self:
        """Closes the present part."""
        lasted = now - self.since
        return replace(
            self,
            since=now,
            ran=self.ran + lasted * self.runs,
            waited=self.waited + lasted * self.waits,
        )

    def after(self, event: Event, now: float, jumps: int) -> "Stints":
        """Returns what an event makes of it: another step, or another part of this one."""
        if event.what not in _BEGIN and event.before is event.after and event.what is not Happening.WAITING:
            return self
        begun = Stints(now, jumps) if event.what in _BEGIN else self.until(now)
        ordered = begun.ordered + (event.actor.kind == "person" and event.after is Phase.RUNNING)
        # It waits a second time, in the same phase, for its gate: the timed pause is over.
        waits = event.what is Happening.WAITING and event.before is not Phase.PAUSED
        return replace(begun, runs=event.after is Phase.RUNNING, waits=waits, ordered=ordered)

    def again(self, now: float, state: RolloutState) -> "Stints":
        """Returns what it is once a store that had lost the state is told it again."""
        return replace(self.until(now), runs=state.phase is Phase.RUNNING, waits=state.hold is Hold.TIME)
