"""Moves a recovery along its table of phases; every move makes its event."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reliakit.core.acting import Actor
from reliakit.failover.events import RECOVERY, Event, Fact, Happening
from reliakit.failover.hooks import Command, Hook, Progress, Run, followed
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.observed import Condition, Observed, condition
from reliakit.failover.recovery.phases import Phase, Trigger, moved
from reliakit.failover.recovery.state import Incident, RecoveryState

__all__ = ["Moving"]

_HAPPENINGS = {
    Trigger.LOSE: Happening.SUSPECTED,
    Trigger.RECOVER: Happening.RECOVERED,
    Trigger.CONFIRM: Happening.DETECTED,
    Trigger.PREPARED: Happening.PREPARED,
    Trigger.READY: Happening.SHIFTING,
    Trigger.SHIFTED: Happening.FAILED_OVER,
    Trigger.QUIET: Happening.FAILBACK,
    Trigger.CLEARED: Happening.FAILING_BACK,
    Trigger.RETURNED: Happening.FAILED_BACK,
    Trigger.RETREAT: Happening.RETREATED,
    Trigger.FAULT: Happening.ERROR,
    Trigger.START: Happening.STARTED,
    Trigger.DRILL: Happening.DRILL,
    Trigger.BACK: Happening.FAILBACK,
    Trigger.CANCEL: Happening.CANCELLED,
    Trigger.RETRY: Happening.RETRIED,
}


@dataclass(slots=True)
class Moving:
    """A state on its way, with what was seen. It lives within one decision and is never shared.

    Attributes:
        seconds: that this look adds; 0 once they are counted.
    """

    definition: RecoveryDefinition
    state: RecoveryState
    observed: Observed
    now: float
    seconds: float = 0.0
    actor: Actor = RECOVERY
    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    @property
    def incident(self) -> Incident:
        """The present one; only phases that have one ask."""
        assert self.state.incident is not None
        return self.state.incident

    @property
    def here(self) -> Condition:
        """How the region looks that traffic leaves, or has left."""
        return self.condition(self.incident.away)

    @property
    def there(self) -> Condition:
        """How whatever stands in for it looks: of several regions, the best."""
        found = {self.condition(region) for region in self.standing_in}
        return next(each for each in (Condition.WELL, Condition.DOUBTFUL, Condition.LOST) if each in found)

    @property
    def standing_in(self) -> list[str]:
        """The regions that stand in for the one that is left."""
        incident = self.incident
        return (
            [incident.to]
            if incident.to
            else [each for each in self.definition.regions if each != incident.away]
        )

    def condition(self, region: str) -> Condition:
        """How a region looks."""
        return condition(self.observed.of(region), self.definition)

    def put(self, **fields: Any) -> None:
        """Changes fields of the state that have no event of their own."""
        self.state = replace(self.state, **fields)

    def tell(self, **fields: Any) -> None:
        """Changes fields of the incident."""
        self.put(incident=replace(self.incident, **fields))

    def note(self, what: Happening, sentence: str, **facts: Fact) -> None:
        """Journals something that changes no phase."""
        self._journal(what, self.state.phase, sentence, facts)

    def move(
        self, trigger: Trigger, why: str, facts: Mapping[str, Fact] | None = None, **fields: Any
    ) -> None:
        """Makes a transition.

        Raises:
            Refused: the table has no such transition.
        """
        before = self.state.phase
        self.put(**{"phase": moved(before, trigger), "why": why, "elapsed": 0.0, "run": None, **fields})
        self._journal(_HAPPENINGS[trigger], before, why, facts or {})

    def hooked(self, hook: Hook, purpose: str, target: str) -> Progress:
        """Runs a hook to its end, look by look."""
        if self.state.run is None:
            self.put(run=self.next_run(purpose), series=self.state.series + 1)
        assert self.state.run is not None
        run, progress, said = followed(hook, self.state.run, self._scope, self.observed.hooks, self.seconds)
        self.put(run=None if progress is Progress.DONE else run)
        if progress in (Progress.AGAIN, Progress.FAILED):
            self.note(Happening.HOOK_FAILED, f"{hook.name} failed for {target}: {said}")
        if progress in (Progress.WAITING, Progress.AGAIN):
            self.commands.append(Command(run.id(self._scope), hook, target, purpose, run.attempt))
        return progress

    def next_run(self, purpose: str) -> Run:
        """Returns a run with an id that no other has had."""
        return Run(purpose, self.state.series + 1)

    @property
    def _scope(self) -> str:
        return f"{self.state.upstream}/{self.state.number}"

    def _journal(self, what: Happening, before: Phase, sentence: str, facts: Mapping[str, Fact]) -> None:
        state = self.state
        event = Event(
            what, state.upstream, self.now, state.number, before, state.phase, sentence, self.actor, facts
        )
        self.events.append(event)
