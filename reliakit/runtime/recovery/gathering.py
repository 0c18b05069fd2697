"""What workers have seen of the regions of one upstream becomes what a decision is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.observed import RegionSeen
from reliakit.runtime.sighting import Sight

__all__ = ["Gathering", "sights_of"]

_Told = Mapping[str, Mapping[str, Sight]]
"""Worker -> region -> what it has seen."""


class Gathering:
    """The looks at one upstream.

    Requests are counted since a worker began, so each look takes what has come since the one before; of a worker that
    is new it takes none. When a region began to fail is remembered for as long as it does not look well: the first
    failure of an outage is older than the look that calls it one.
    """

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], tuple[int, int]] = {}
        self._failing: dict[str, float] = {}

    def look(
        self, definition: RecoveryDefinition, told: _Told, probed: Mapping[str, tuple[float | None, str]]
    ) -> dict[str, RegionSeen]:
        """Returns what was seen since the last look, by region.

        Args:
            definition: of the regions.
            told: by the workers that are live.
            probed: region -> its lag and what its gate says, where they are known.
        """
        found = {}
        for region in definition.regions:
            sights = {worker: each[region] for worker, each in told.items() if region in each}
            lag, gate = probed.get(region, (None, ""))
            seen = replace(self._put_together(region, sights), lag=lag, gate=gate)
            found[region] = self._since(definition, region, seen)
        self._counted = {key: each for key, each in self._counted.items() if key[0] in told}
        return found

    def _put_together(self, region: str, sights: Mapping[str, Sight]) -> RegionSeen:
        ready, endpoints = sights_of(sights.values())
        good = failed = 0
        firsts: list[float] = []
        failures: list[float] = []
        for worker, sight in sights.items():
            before = self._counted.get((worker, region), (sight.good, sight.failed))
            self._counted[worker, region] = sight.good, sight.failed
            more, worse = max(0, sight.good - before[0]), max(0, sight.failed - before[1])
            good, failed = good + more, failed + worse
            firsts += [sight.good_at] if more and sight.good_at is not None else []
            failures += [sight.failed_at] if worse and sight.failed_at is not None else []
        return RegionSeen(
            ready, endpoints, good, failed, min(firsts, default=None), min(failures, default=None)
        )

    def _since(self, definition: RecoveryDefinition, region: str, seen: RegionSeen) -> RegionSeen:
        answers = bool(seen.good) and seen.failing <= definition.failing_below
        known = None if answers else self._failing.get(region)
        first = min((each for each in (known, seen.first_failed) if each is not None), default=None)
        # The failures of a look in which nearly all is answered stay: they may be the first of what the next one shows.
        if first is None:
            self._failing.pop(region, None)
        else:
            self._failing[region] = first
        return replace(seen, first_failed=first)


def sights_of(sights: Iterable[Sight]) -> tuple[int, int]:
    """Returns how many endpoints are ready, and how many there are. Where workers disagree, each of them counts: a region
    is lost that most of them see lost.
    """
    each = [(sight.ready, sight.endpoints) for sight in sights]
    if len(set(each)) == 1:
        return each[0]
    return sum(ready for ready, _ in each), sum(endpoints for _, endpoints in each)
