"""Whether the new endpoints fail more often than those not yet replaced, by the test that rolls releases back.

What it has gathered is in memory alone: all counts are cumulative and shared, so whoever decides next begins with one
block of all that came so far.
"""

from dataclasses import dataclass, field

from reliakit.failover.rolling.phases import Step
from reliakit.failover.rolling.state import RollingState
from reliakit.rollouts.blocks import Block, foldable
from reliakit.rollouts.errors import Rollback, RollbackRule
from reliakit.runtime.rolling.counting import Counts

__all__ = ["Comparison", "enough"]


@dataclass(slots=True)
class Comparison:
    """Of one replacement.

    Args:
        number: of the replacement.
        rule: what is tolerated; None for everything.
    """

    number: int
    rule: RollbackRule | None
    _test: Rollback | None = None
    _seen: Counts = field(default_factory=Counts)

    def look(self, counts: Counts) -> None:
        """Takes in what all workers have counted; where that is less than before, the store has lost some of it."""
        before, self._test = self._seen, self._test or (Rollback.begun(self.rule) if self.rule else None)
        if counts.new < before.new or counts.old < before.old:
            self._seen = counts
        if self._test is None:
            return
        # A report may be between a request's count and that of its failure.
        new, old = max(0, counts.new - before.new), max(0, counts.old - before.old)
        new_failed = min(new, max(0, counts.new_failed - before.new_failed))
        old_failed = min(old, max(0, counts.old_failed - before.old_failed))
        block = Block(new, old, new_failed, old_failed)
        if foldable(block):
            self._test, self._seen = self._test.folded(block), counts

    def against(self, counts: Counts) -> str:
        """Returns what speaks against the new ones; nothing where nothing does."""
        if self._test is None or not self._test.reached:
            return ""
        new, old = _share(counts.new_failed, counts.new), _share(counts.old_failed, counts.old)
        return f"the new ones fail more often: {new}, of those not yet replaced {old}"


def enough(state: RollingState, counts: Counts, requests: int) -> bool:
    """Tells whether the new ones have answered enough, so many requests each."""
    new = sum(unit.step in (Step.BAKING, Step.NEW) for unit in state.units)
    return counts.new >= requests * new


def _share(failed: int, requests: int) -> str:
    part = f" ({failed / requests:.2%})" if requests else ""
    return f"{failed:,} of {requests:,} requests failed{part}"
