"""What one process sees of regions, in the form in which it tells the others."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reliakit.runtime.remotes.regions import RegionCounts
from reliakit.runtime.sighting import Sight

__all__ = ["Seeing"]

_LOOKS = 3
"""Looks of which the first failure is told: whoever reads may miss some, and an outage must not look shorter than it was."""


@dataclass(slots=True)
class _Region:
    good: int = 0
    failed: int = 0
    good_at: float | None = None
    failures: deque[float | None] = field(default_factory=lambda: deque(maxlen=_LOOKS))


class Seeing:
    """The regions of all upstreams, as this process sees them.

    Args:
        now: the store's clock, in seconds since 1970-01-01 UTC.
        monotonic: the clock that counts are taken by.
    """

    def __init__(self, now: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._now, self._monotonic = now, monotonic
        self._regions: dict[tuple[str, str], _Region] = {}
        self.seen: dict[str, dict[str, Sight]] = {}
        """What is told: upstream -> region -> what was seen of it."""

    def look(self, counted: Mapping[str, Mapping[str, RegionCounts] | None]) -> None:
        """Takes in what was counted since the last look, by upstream; None for one of which too little is known."""
        self.seen = {
            upstream: {region: self._sight(upstream, region, each) for region, each in counts.items()}
            for upstream, counts in counted.items()
            if counts is not None
        }
        self._regions = {key: each for key, each in self._regions.items() if key[0] in counted}

    def _sight(self, upstream: str, region: str, counts: RegionCounts) -> Sight:
        known = self._regions.setdefault((upstream, region), _Region())
        known.good, known.failed = known.good + counts.good, known.failed + counts.failed
        if counts.first_good is not None:
            known.good_at = self._moment(counts.first_good)
        known.failures.append(None if counts.first_failed is None else self._moment(counts.first_failed))
        failed_at = next((each for each in known.failures if each is not None), None)
        return Sight(counts.ready, counts.endpoints, known.good, known.failed, known.good_at, failed_at)

    def _moment(self, monotonic: float) -> float:
        return self._now() - max(0.0, self._monotonic() - monotonic)
