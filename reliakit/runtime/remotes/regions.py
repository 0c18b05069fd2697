"""What the endpoints of an upstream have answered since somebody looked, by region: for those who judge regions."""

from collections.abc import Sequence
from dataclasses import dataclass

from reliakit.failover.distribution import Admission
from reliakit.failover.endpoints import Endpoint, EndpointHealth, Status

__all__ = ["RegionAnswers", "RegionCounts", "places"]


@dataclass(slots=True)
class RegionCounts:
    """One region, as one process sees it.

    Attributes:
        ready: endpoints that are available.
        endpoints: all of them, but those that drain.
        good, failed: requests that it answered, and that it did not answer or answered with an error.
        first_good, first_failed: when the first of each was taken note of, in monotonic seconds.
    """

    ready: int = 0
    endpoints: int = 0
    good: int = 0
    failed: int = 0
    first_good: float | None = None
    first_failed: float | None = None


class RegionAnswers:
    """Counts by region. All of it belongs to the engine's thread.

    Args:
        endpoints: of the upstream.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._regions = [each.locality.region for each in endpoints]
        self._counts: dict[str, RegionCounts] = {}

    def add(self, endpoint: int, good: int, failed: int, now: float) -> None:
        """Counts what an endpoint has answered, and what it has failed at after that."""
        counts = self._counts.setdefault(self._regions[endpoint], RegionCounts())
        counts.good, counts.failed = counts.good + good, counts.failed + failed
        if good and counts.first_good is None:
            counts.first_good = now
        if failed and counts.first_failed is None:
            counts.first_failed = now

    def take(self, known: Sequence[EndpointHealth]) -> dict[str, RegionCounts] | None:
        """Returns what came since it was last called; None while anything is unknown of any endpoint."""
        if any(each.status is Status.UNKNOWN for each in known):
            return None
        found, self._counts = self._counts, {}
        for region, health in zip(self._regions, known, strict=True):
            counts = found.setdefault(region, RegionCounts())
            counts.ready += health.available
            counts.endpoints += health.status is not Status.DRAINING
        return found


def places(endpoints: Sequence[Endpoint], admission: Admission | None) -> tuple[int, ...]:
    """Returns the numbers of the endpoints whose regions may be asked."""
    if admission is None:
        return tuple(range(len(endpoints)))
    regions = frozenset[str]().union(*(each for share, each in admission if share > 0))
    return tuple(number for number, each in enumerate(endpoints) if each.locality.region in regions)
