"""The evidence of a release as numbers to draw: the logarithm of E, and of where its test decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

from reliakit.rollouts.assessment import verdicts
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.state import RolloutState

__all__ = ["ShownEvidence", "shares", "shown_evidence"]

_WITH_E = ("rollback", "promotion", "mismatch")
"""Tests that bet; guards and the rule of the tutorials compare shares."""
_LEAST = 5e-324


@dataclass(frozen=True, slots=True)
class ShownEvidence:
    """One test of one metric; both numbers are natural logarithms."""

    metric: str
    test: str
    evidence: float
    threshold: float


def shown_evidence(state: RolloutState, definition: RolloutDefinition) -> Iterator[ShownEvidence]:
    """Yields what each test of a release under way says; nothing where nothing is judged."""
    if state.evidence is None or not state.active:
        return
    analysis = state.evidence.analysis.under(definition.analysis, state.present_step(definition))
    for each in verdicts(analysis, definition):
        if each.test in _WITH_E:
            yield ShownEvidence(each.metric, each.test, log(max(each.value, _LEAST)), log(each.threshold))


def shares(state: RolloutState, definition: RolloutDefinition | None) -> dict[str, float]:
    """Returns slot -> percent of the requests. Without a definition, a slot that nobody names is left out."""
    found = {state.stable: 100.0 - state.weight}
    if definition is not None:
        found[definition.other(state.stable)] = state.weight
    elif state.release is not None and state.release.slot != state.stable:
        found[state.release.slot] = state.weight
    return found
