"""Moves a state along the table of phases; every move makes its event."""

from dataclasses import dataclass, replace
from typing import Any

from reliakit.rollouts.analysis import Analysis
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import RULE, Actor, Event, Happening
from reliakit.rollouts.evidence import Evidence, Spent
from reliakit.rollouts.phases import Phase, Refused, Trigger, moved
from reliakit.rollouts.state import Hold, Release, RolloutState
from reliakit.rollouts.usual import Usual
from reliakit.rollouts.verdict import Verdict

__all__ = ["Moving", "began", "fresh"]

_HAPPENINGS = {
    Trigger.TRAFFIC: Happening.RUNNING,
    Trigger.STARVE: Happening.STARVED,
    Trigger.WAIT: Happening.WAITING,
    Trigger.ADVANCE: Happening.ADVANCED,
    Trigger.COMPLETE: Happening.PROMOTED,
    Trigger.PAUSE: Happening.PAUSED,
    Trigger.RESUME: Happening.RESUMED,
    Trigger.ROLL_BACK: Happening.ROLLED_BACK,
    Trigger.ABORT: Happening.ABORTED,
    Trigger.EXPIRE: Happening.INCONCLUSIVE,
    Trigger.FAULT: Happening.ERROR,
    Trigger.RETRY: Happening.RETRIED,
}


@dataclass(slots=True)
class Moving:
    """A state on its way, and the events so far. It lives within one call of the controller and is never shared."""

    definition: RolloutDefinition
    state: RolloutState
    now: float
    events: list[Event]
    actor: Actor = RULE

    def note(self, what: Happening, sentence: str, verdicts: tuple[Verdict, ...] = ()) -> None:
        """Journals something that changes no phase."""
        self.events.append(self._event(what, self.state.phase, sentence, verdicts))

    def note_once(self, what: Happening, sentence: str, verdicts: tuple[Verdict, ...] = ()) -> None:
        """Journals something that stays true, the first time that it is."""
        evidence = self.state.evidence
        if evidence is not None and self.news(what):
            self.put(evidence=replace(evidence, noted=evidence.noted | {what.value}))
            self.note(what, sentence, verdicts)

    def news(self, what: Happening) -> bool:
        """Whether something that stays true has not been journalled yet. Verdicts are dear: ask first."""
        return self.state.evidence is not None and what.value not in self.state.evidence.noted

    def put(self, **fields: Any) -> None:
        """Changes fields of the state that have no event of their own. Where evidence goes, what is usual stays."""
        evidence = self.state.evidence
        if evidence is not None and fields.get("evidence", evidence) is None:
            fields["usual"] = evidence.usual.recent()
        self.state = replace(self.state, **fields)

    def move(self, trigger: Trigger, why: str, verdicts: tuple[Verdict, ...] = (), **fields: Any) -> None:
        """Makes a transition.

        Raises:
            Refused: the table has no such transition.
        """
        before = self.state.phase
        assert before is not None
        after = moved(before, trigger)
        self.put(**{"phase": after, "why": why, "hold": Hold.NOTHING, **fields})
        self.events.append(self._event(_HAPPENINGS[trigger], before, why, verdicts))

    def step_to(self, trigger: Trigger, step: int, why: str, verdicts: tuple[Verdict, ...] = ()) -> None:
        """Goes to a step, or past the last one: everything then goes to the new version, which is stable from now on.
        Trying again never raises the weight, also where an edited ladder begins above it.
        """
        state, evidence = self.state, self.stepped()
        assert state.release is not None
        if step >= len(self.definition.steps):
            self.move(
                Trigger.COMPLETE, why, verdicts, stable=state.release.slot, weight=0.0, evidence=evidence
            )
        else:
            weight = self.definition.steps[step].weight
            if trigger is Trigger.RETRY:
                weight = min(weight, self.state.weight)
            self.move(trigger, why, verdicts, step=step, weight=weight, evidence=evidence)

    @property
    def next_step(self) -> int:
        """The step that follows: the present one, where an edited ladder begins above the present weight."""
        state = self.state
        return state.step + (state.weight >= state.present_step(self.definition).weight)

    def fresh(self) -> Evidence:
        """Returns the evidence before anything was served."""
        evidence = self.state.evidence
        usual = self.state.usual if evidence is None else evidence.usual.recent()
        return fresh(self.definition, self.now, usual)

    def stepped(self) -> Evidence:
        """Returns the evidence at a change of the weight: what speaks against is kept, the rest begins anew."""
        evidence = self.state.evidence or self.fresh()
        return replace(
            evidence,
            analysis=evidence.analysis.stepped(self.definition.analysis),
            spent=Spent(release=evidence.spent.release),
            step_requests=0,
            settled=False,
            noted=frozenset(),
        )

    def go_back(self, trigger: Trigger, why: str, verdicts: tuple[Verdict, ...] = ()) -> None:
        """Sends everything to the version before the release.

        Raises:
            Refused: the table has no such transition, or nobody knows where that version is.
        """
        state = self.state
        assert state.release is not None
        stable = state.stable
        if state.phase is Phase.SUCCESSFUL:
            if state.release.slot not in self.definition.slots:
                raise Refused(f"{state.release.slot} is no slot any more: nobody knows what ran before it")
            stable = self.definition.other(state.release.slot)
        self.move(trigger, why, verdicts, stable=stable, weight=0.0, evidence=None)

    def begin(self, slot: str, version: str, why: str, what: Happening = Happening.STARTED) -> None:
        """Starts a release, with a number of its own, at the first step."""
        number = self.state.number + 1
        before = None if what is Happening.STARTED else self.state.phase
        step = self.definition.steps[0]
        self.put(
            number=number,
            release=Release(number, slot, version, self.now),
            phase=Phase.PENDING,
            step=0,
            weight=step.weight,
            hold=Hold.NOTHING,
            why=why,
            evidence=self.fresh(),
        )
        self.events.append(self._event(what, before, why, ()))

    def _event(
        self, what: Happening, before: Phase | None, sentence: str, verdicts: tuple[Verdict, ...]
    ) -> Event:
        state = self.state
        number, slot, version = (
            (state.release.number, state.release.slot, state.release.version)
            if state.release
            else (0, "", "")
        )
        return Event(
            what, state.rollout, self.now, number, slot, version, before, state.phase, state.share, sentence,
            self.actor, verdicts,
        )  # fmt: skip


def fresh(definition: RolloutDefinition, now: float, usual: Usual | None = None) -> Evidence:
    """Returns the evidence before anything was served; `usual` is how often stable is known to fail."""
    return Evidence(Analysis.begun(definition.analysis, usual), now)


def began(definition: RolloutDefinition, state: RolloutState, now: float, actor: Actor = RULE) -> Moving:
    """Returns a state ready to move."""
    return Moving(definition, state, now, [], actor)
