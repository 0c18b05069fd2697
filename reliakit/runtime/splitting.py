"""Which slot somebody gets by weight: the same for requests and for calls of functions."""

from random import getrandbits

from reliakit.core.rollouts import Assignment, Rollout, Slot, Sticky, assign
from reliakit.core.scope import Scope

__all__ = ["FALLBACK", "FORCED", "SPLIT", "split"]

SPLIT, FORCED, FALLBACK = range(len(Assignment))
"""Places in the `series` of a slot."""

# Members of an enumeration are looked up slowly; the request path has them at hand.
_USER, _SESSION = Sticky.USER, Sticky.SESSION


def split(rollout: Rollout, scope: Scope, key: str | None = None) -> tuple[Slot, int]:
    """Chooses a slot by weight.

    Args:
        rollout: the rollout.
        scope: tells who is asking.
        key: what to stick by in place of what the scope tells.

    Returns:
        The slot, and SPLIT or FALLBACK.
    """
    if key is None:
        if rollout.sticky is _USER:
            key = scope.subject or scope.key()
        elif rollout.sticky is _SESSION:
            key = scope.session()
        else:
            return assign(rollout, None, getrandbits(32)), SPLIT
        if key is None:  # what nothing is known of can't stick: it is stable's, and no evidence
            return rollout.stable, FALLBACK
    return assign(rollout, key, 0), SPLIT
