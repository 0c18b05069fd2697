"""What one worker may do alone: stop sending to a canary against which its own evidence is overwhelming.

It judges its own counts by the same test as the controller judges everybody's, and asks for far more: E of a hundred
for each live worker, ten thousand at least, so that over the whole fleet this happens to a good release less often
than a rollback does. It promotes nothing, and it ends with the next change of the shared state.
"""

from dataclasses import replace
from math import log

from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.folding import folded, rebased
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.served import CountsLost
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.transitions import fresh

__all__ = ["alone", "overwhelming"]

_EACH = 100.0
_LEAST = 1e4


def alone(
    definition: RolloutDefinition, state: RolloutState, own: Evidence | None, observed: Observed, now: float
) -> Evidence:
    """Returns a worker's own evidence about the present release, with what it has served since.

    Args:
        definition: what the worker has read.
        state: the shared state.
        own: its evidence so far; None at the start of a release.
        observed: its own counts.
        now: any clock that goes on.
    """
    mine = replace(state, evidence=own or fresh(definition, now))
    try:
        return folded(definition, mine, observed, now)
    except CountsLost:  # a new incarnation counts from zero
        return rebased(definition, mine, observed, now)


def overwhelming(own: Evidence, live: int) -> bool:
    """Whether the worker stops at once, with so many live workers; it need not be right about their number."""
    return own.analysis.errors.against.rollback.log_e >= log(max(_LEAST, _EACH * live))
