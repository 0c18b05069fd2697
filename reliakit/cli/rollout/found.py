"""The rollout that a command is about: as the file has it, and as the store does."""

from dataclasses import dataclass

from reliakit.cli.printing import Failure, tell
from reliakit.cli.reports import Reporting, reporting
from reliakit.cli.shared import Shared
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import enumerate_words, suggestion
from reliakit.definitions.rollouts import rollout_definition
from reliakit.rollouts.assessment import verdicts
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.verdict import Verdict
from reliakit.runtime.documents import EVIDENCE, ROLLOUT, Versioned, states_in

__all__ = ["Standing", "defined", "evidence_of", "meant", "standing", "state_of", "warn"]


def defined(definitions: Definitions, name: str) -> RolloutDefinition:
    """Returns a rollout that knows releases.

    Raises:
        Failure: there is none of that name, or its weight is fixed.
    """
    section = definitions.rollouts.get(name)
    if section is None:
        known = f"there are {enumerate_words(sorted(definitions.rollouts))}" if definitions.rollouts else ""
        hint = suggestion(name, definitions.rollouts) or known or "the file has none"
        raise Failure(f"there is no rollout {name!r}; {hint}")
    found = rollout_definition(name, section)
    if found is None:
        raise Failure(f"{name} has a fixed weight and knows no releases; give it `steps` to release by")
    return found


async def state_of(shared: Shared, definition: RolloutDefinition) -> tuple[Versioned, float]:
    """Returns where a rollout stands, also before anybody has said so, and the store's clock; raises StoreError."""
    name = definition.name
    found = await shared.store.read((ROLLOUT + name, EVIDENCE + name))
    state = states_in(found.found).get(name)
    return state or Versioned(RolloutState.begun(definition)), found.time


@dataclass(frozen=True, slots=True)
class Standing:
    """A rollout at a moment."""

    definition: RolloutDefinition
    found: Versioned
    now: float
    workers: Reporting

    @property
    def behind(self) -> list[str]:
        """The live workers that have an older state in force."""
        return self.workers.behind(self.definition.name, self.found.version)

    @property
    def state(self) -> RolloutState:
        """Where it stands."""
        return self.found.state


async def standing(shared: Shared, definition: RolloutDefinition) -> Standing:
    """Looks at a rollout and at those who serve it; raises StoreError."""
    found, now = await state_of(shared, definition)
    return Standing(definition, found, now, await reporting(shared))


def evidence_of(definition: RolloutDefinition, state: RolloutState) -> tuple[Verdict, ...]:
    """Returns what each test says now; nothing where no release is judged."""
    if state.evidence is None:
        return ()
    # The file may be newer than what the controller has folded under.
    analysis = state.evidence.analysis.under(definition.analysis, state.present_step(definition))
    return verdicts(analysis, definition)


def meant(definition: RolloutDefinition, state: RolloutState) -> str:
    """Returns what is to be known of a file that is not the one in force; nothing where it is."""
    if definition.meaning == state.meaning or not state.meaning:
        return ""
    if definition.meaning in state.seen:
        return "another definition is in force, and this one was before: is this file, or its environment, an old one?"
    return "another definition is in force, and no worker has seen this one: is this file, or its environment, another?"


def warn(definition: RolloutDefinition, state: RolloutState) -> None:
    """Says on stderr where the file is not the one in force."""
    if doubt := meant(definition, state):
        tell(f"{definition.name}: {doubt}", "yellow")
