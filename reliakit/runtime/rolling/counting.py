"""What a worker has seen the old and the new endpoints of a replacement answer, as series that workers share.

A series is named `e|upstream|number|side|what`: number is that of the replacement, side is `new` or `old`, and what is
`requests` or `failed`.
"""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from reliakit.failover.rolling.phases import Step
from reliakit.failover.rolling.state import RollingState

__all__ = ["Counted", "Counts", "counts_in", "prefix_of"]

_SIDES = {Step.OLD: "old", Step.WARMING: "new", Step.BAKING: "new", Step.NEW: "new"}
"""Of an endpoint in any other step nobody can say what it is."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests that ended, and those of them that failed, at the new and at the old endpoints."""

    new: int = 0
    new_failed: int = 0
    old: int = 0
    old_failed: int = 0


class Counted:
    """Counts of one worker, since its process began.

    Attributes:
        series: of all replacements that it has seen.
    """

    def __init__(self) -> None:
        self.series: Counter[str] = Counter()
        self._before: dict[tuple[str, str], tuple[int, int]] = {}
        self._process = os.getpid()

    def look(self, state: RollingState, answered: Mapping[str, tuple[int, int]]) -> None:
        """Takes in what endpoints have answered, by the steps that they are in now."""
        if os.getpid() != self._process:  # after a fork: the parent reports what it has counted
            self.__init__()  # type: ignore[misc]
        for unit in state.units:
            requests, failed = answered.get(unit.address, (0, 0))
            earlier = self._before.get((state.upstream, unit.address))
            self._before[state.upstream, unit.address] = requests, failed
            side = _SIDES.get(unit.step)
            if earlier is not None and side is not None:
                named = f"{prefix_of(state.upstream, state.number)}{side}|"
                self._add(f"{named}requests", requests - earlier[0])
                self._add(f"{named}failed", failed - earlier[1])

    def forget(self, upstream: str) -> None:
        """What is answered between two replacements belongs to neither."""
        self._before = {key: counts for key, counts in self._before.items() if key[0] != upstream}

    def _add(self, name: str, count: int) -> None:
        if count > 0:
            self.series[name] += count


def prefix_of(upstream: str, number: int) -> str:
    """Returns how the series of a replacement start."""
    return f"e|{upstream}|{number}|"


def counts_in(sums: Mapping[str, int], state: RollingState) -> Counts:
    """Returns what all workers have counted."""
    prefix = prefix_of(state.upstream, state.number)
    sides = ("new|requests", "new|failed", "old|requests", "old|failed")
    return Counts(*(sums.get(prefix + each, 0) for each in sides))
