"""Moves a replacement and its endpoints along their tables; every move makes its event."""

from dataclasses import dataclass, field, replace
from typing import Any

from reliakit.core.acting import Actor
from reliakit.failover.events import ROLLING, Event, Happening
from reliakit.failover.hooks import Command, Hook, Progress, Run, followed
from reliakit.failover.rolling.definition import RollingDefinition
from reliakit.failover.rolling.observed import Observed
from reliakit.failover.rolling.phases import Move, Phase, Step, Trigger, moved, stepped
from reliakit.failover.rolling.state import RollingState, Unit

__all__ = ["Moving"]

_HAPPENINGS = {
    Trigger.COMPLETE: Happening.FINISHED,
    Trigger.FAULT: Happening.ABORTED,
    Trigger.ABORT: Happening.ABORTED,
    Trigger.UNDONE: Happening.UNDONE,
    Trigger.STICK: Happening.ERROR,
    Trigger.PAUSE: Happening.PAUSED,
    Trigger.RESUME: Happening.RESUMED,
    Trigger.RETRY: Happening.RETRIED,
}
_STEPS = {
    Step.DRAINING: Happening.DRAINING,
    Step.REPLACING: Happening.REPLACING,
    Step.NEW: Happening.REPLACED,
    Step.LEAVING: Happening.DRAINING,
    Step.OLD: Happening.UNDONE,
}


@dataclass(slots=True)
class Moving:
    """A replacement on its way, with what was seen. It lives within one decision and is never shared.

    Attributes:
        moves: how often an endpoint has moved: whether it is worth to look again.
    """

    definition: RollingDefinition
    state: RollingState
    observed: Observed
    now: float
    actor: Actor = ROLLING
    events: list[Event] = field(default_factory=list)
    commands: dict[str, Command] = field(default_factory=dict)
    moves: int = 0

    def note(self, what: Happening, sentence: str) -> None:
        """Journals something that changes no phase."""
        self._journal(what, self.state.phase, sentence)

    def move(self, trigger: Trigger, why: str) -> None:
        """Makes a transition of the replacement.

        Raises:
            Refused: the table has no such transition.
        """
        before = self.state.phase
        self.state = replace(self.state, phase=moved(before, trigger), why=why)
        self._journal(_HAPPENINGS[trigger], before, why)

    def step(self, unit: Unit, move: Move, why: str, **fields: Any) -> None:
        """Makes a transition of an endpoint."""
        after = stepped(unit.step, move)
        self.state = self.state.with_unit(replace(unit, step=after, elapsed=0.0, run=None, **fields))
        self.moves += 1
        if after in _STEPS and not (unit.spare and move is Move.BEGIN):
            self.note(_STEPS[after], f"{unit.address}: {why}")

    def hooked(self, unit: Unit, hook: Hook, purpose: str, seconds: float) -> Progress:
        """Runs a hook for an endpoint to its end, look by look."""
        run, series = unit.run, unit.series
        if run is None:
            series += 1
            run = Run(purpose, series)
        scope = f"{self.state.upstream}/rolling/{self.state.number}/{unit.address}"
        run, progress, said = followed(hook, run, scope, self.observed.hooks, seconds)
        self.state = self.state.with_unit(replace(unit, run=run, series=series))
        if progress in (Progress.AGAIN, Progress.FAILED):
            self.note(Happening.HOOK_FAILED, f"{hook.name} failed for {unit.address}: {said}")
        if progress in (Progress.WAITING, Progress.AGAIN):
            command = Command(run.id(scope), hook, unit.address, purpose, run.attempt)
            self.commands[command.id] = command
        return progress

    def _journal(self, what: Happening, before: Phase, sentence: str) -> None:
        state = self.state
        self.events.append(
            Event(what, state.upstream, self.now, state.number, before, state.phase, sentence, self.actor)
        )
