"""What has to be true of decisions at every step. Each function returns what is wrong, or None."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Event, Happening
from reliakit.rollouts.phases import TRANSITIONS, Phase, Trigger
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.verdict import Advice, Verdict
from reliakit.runtime.documents import Versioned
from reliakit.runtime.journal import verify
from reliakit.stores.protocol import Entry
from reliakit.testing.simulation.served import Ledger
from reliakit.testing.simulation.stints import Stints

__all__ = [
    "LARGEST",
    "LATE",
    "Standing",
    "edited",
    "in_no_error",
    "journal_is_whole",
    "phases_follow_the_table",
    "promoted_by_evidence",
    "promoted_in_time",
    "retired_aloud",
    "retired_once",
    "state_is_small",
    "state_is_what_was_journalled",
    "time_is_not_invented",
    "transitions_are_journalled_once",
    "versions_rise",
]

LARGEST = 64 * 1024
"""Bytes of a state with its evidence."""
LATE = 9.0
"""Seconds between a reading of the store's clock and what was written because of it, at most."""
_BETWEEN = 2.5
"""Seconds since the last fold, at most: where a person's order begins a bake, or goes on with it, they count."""
_ON = (Happening.ADVANCED, Happening.PROMOTED)
_TRIGGERS: Mapping[Happening, tuple[Trigger, ...]] = {
    Happening.RUNNING: (Trigger.TRAFFIC,),
    Happening.STARVED: (Trigger.STARVE,),
    Happening.WAITING: (Trigger.WAIT,),
    Happening.ADVANCED: (Trigger.ADVANCE,),
    Happening.PROMOTED: (Trigger.COMPLETE,),
    Happening.PAUSED: (Trigger.PAUSE,),
    Happening.RESUMED: (Trigger.RESUME,),
    Happening.ROLLED_BACK: (Trigger.ROLL_BACK,),
    Happening.ABORTED: (Trigger.ABORT,),
    Happening.INCONCLUSIVE: (Trigger.EXPIRE,),
    Happening.ERROR: (Trigger.FAULT,),
    Happening.RETRIED: (Trigger.RETRY,),
}
"""Those whose events change the phase."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the rollout stood when an event happened.

    Attributes:
        state: before it.
        definition: in force.
        moved: whether an edit has just moved its weight.
    """

    state: RolloutState
    definition: RolloutDefinition
    moved: bool = False


def edited(standing: Standing, definition: RolloutDefinition) -> Standing:
    """Returns where the rollout stands once an edit applies, which may go on at once: at the step of its weight, else
    at the next lower weight, else before the first step. What was asked for before the edit is asked no more.
    """
    state, steps = standing.state, definition.steps
    weight = max((step.weight for step in steps if step.weight <= state.weight), default=state.weight)
    same = [at for at, step in enumerate(steps) if step.weight == weight]
    step = state.step if state.step in same else min(same, default=0)
    return Standing(replace(state, step=step, weight=weight), definition, moved=weight != state.weight)


def journal_is_whole(entries: Sequence[Entry]) -> str | None:
    """The journal has no gap, and its chain holds."""
    return next((f"entry {broken.number}: {broken.why}" for broken in verify(entries)), None)


def transitions_are_journalled_once(before: Phase | None, event: Event) -> str | None:
    """Each event begins where the one before it ended."""
    if event.what is Happening.STARTED and event.before is None:
        return None
    if event.before is before:
        return None
    return f"{event.what} begins in {event.before}, and the rollout was {before}"


def phases_follow_the_table(before: Phase | None, event: Event) -> str | None:
    """Phases only go along the table."""
    triggers = _TRIGGERS.get(event.what, ())
    if event.what is Happening.STARTED:
        return None if event.after is Phase.PENDING else f"a release starts {event.after}"
    possible = {TRANSITIONS[event.before].get(each) for each in triggers} if event.before else set()
    if event.after in possible or (event.after is event.before and event.what not in _ON):
        return None
    return f"{event.what} leads from {event.before} to {event.after}"


def retired_once(worker: str, retired: Collection[str], told: Collection[str]) -> str | None:
    """Who is given up was retired, and the journal says so once."""
    if worker not in retired:
        return f"{worker} is given up, and was never retired"
    return f"{worker} is given up a second time" if worker in told else None


def retired_aloud(retired: Collection[str], told: Collection[str]) -> str | None:
    """Of everybody who was retired the journal says so. Nobody can promise that who is killed in between."""
    silent = sorted(set(retired) - set(told))
    return f"{silent[0]} was retired, and nobody says so" if silent else None


def state_is_what_was_journalled(state: RolloutState, phase: Phase | None) -> str | None:
    """No phase changes without an entry in the journal."""
    return None if state.phase is phase else f"the state is {state.phase}, and the journal ends with {phase}"


def versions_rise(before: Versioned | None, now: Versioned) -> str | None:
    """Nothing overwrites what is newer."""
    if before is None or now.version >= before.version:
        return None
    return f"version {now.version} follows {before.version}"


def state_is_small(texts: Sequence[str]) -> str | None:
    """A state fits into 64 KiB."""
    size = sum(len(text.encode()) for text in texts)
    return f"the state has {size:,} bytes" if size > LARGEST else None


def in_no_error(event: Event) -> str | None:
    """Nothing that the controller is shown makes it fail."""
    wrong = event.what is Happening.ERROR or event.after is Phase.ERROR
    return event.sentence if wrong else None


def promoted_by_evidence(standing: Standing, event: Event, ledger: Ledger) -> str | None:
    """Nothing goes on by itself without the evidence for it, and none of that was invented.

    What has waited once its evidence sufficed goes on by that: the test may be stopped at any moment.
    """
    if event.what not in (*_ON, Happening.WAITING) or event.actor.kind == "person":
        return None
    if standing.moved:
        return "it went on at a weight that nobody has seen yet"
    if event.before is Phase.PAUSED:
        return None
    if not standing.state.compares:
        return _guarded(event.verdicts)
    found = next(
        (each for each in event.verdicts if (each.test, each.metric) == ("promotion", "errors")), None
    )
    if found is None:
        return "nobody has asked whether errors let it go on"
    limit = standing.definition.analysis.errors.promotion.limit
    if found.advice is not Advice.PROMOTE or not found.value >= found.threshold >= limit * 0.999:
        return f"it went on with E = {found.value:g}, {found.threshold:g} is asked for: {found.sentence}"
    against = [each.sentence for each in event.verdicts if each.advice in (Advice.ROLL_BACK, Advice.HOLD)]
    if against:
        return f"it went on against {against[0]}"
    return _served(found, standing, ledger)


def _served(verdict: Verdict, standing: Standing, ledger: Ledger) -> str | None:
    state = standing.state
    slot = state.release.slot if state.release else ""
    truth = ledger.requests(state.number, slot), ledger.requests(state.number, state.stable)
    if verdict.counts.n_c <= truth[0] and verdict.counts.n_s <= truth[1]:
        return None
    return f"it went on by {verdict.counts.n_c:,} and {verdict.counts.n_s:,} requests of {truth}"


def _guarded(verdicts: Sequence[Verdict]) -> str | None:
    guards = [each for each in verdicts if each.test == "guard"]
    if guards and all(each.counts.n_c and each.advice is Advice.WAIT for each in guards):
        return None
    return "it went on where nothing is compared, and no guard has looked"


def promoted_in_time(standing: Standing, event: Event, stints: Stints, jumps: int) -> str | None:
    """A clock that jumps promotes nothing: a step bakes, and waits, for as long as it has to, in true seconds.

    Args:
        stints: of the step, up to now.
        jumps: of the clock, meanwhile.
    """
    if event.what not in _ON or event.actor.kind == "person":
        return None
    step = standing.state.present_step(standing.definition)
    most = 5 * jumps + _BETWEEN * stints.ordered
    for asked, lasted, what in ((step.bake, stints.ran, "bakes"), (step.pause, stints.waited, "waits")):
        if lasted * 1.01 + 0.1 + most < asked:
            return f"a step that {what} for {asked:g} s went on after {lasted:.1f} s"
    return None


def time_is_not_invented(evidence: Any, since: float, jumps: int, now: float) -> str | None:
    """The time that a release has spent is no more than has passed, but for 5 s at each jump of the clock."""
    most = (now - since) * 1.01 + 5 * jumps + LATE
    spent = evidence.spent.release
    return None if spent <= most else f"{spent:.1f} s were spent in {now - since:.1f} s with {jumps} jumps"
