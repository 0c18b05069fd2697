"""From the series of a store to points: over all releases of a rollout and all localities.

Durations lie in bins of 4 %. The boundaries of a histogram are the edges of bins that are nearest to those of
OpenTelemetry: so its counts are exact, and 0.005 becomes 0.00496861.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Generator, Mapping
from math import log

from reliakit.core.histogram import HTTP_BOUNDARIES, LOG_EDGES
from reliakit.core.outcome import Outcome
from reliakit.runtime.publishing import FLAGS
from reliakit.telemetry import fleet_metrics as fleet
from reliakit.telemetry.fleet_metrics import FleetMetric
from reliakit.telemetry.openmetrics import Durations, Point

__all__ = ["BOUNDS", "summed"]

_AT_ONCE = 64
_NANOSECONDS = 1_000_000_000
_ROLLOUTS = "r|"
_OUTCOMES = {outcome.name.lower() for outcome in Outcome}
_ENDS = tuple(
    min(range(len(LOG_EDGES)), key=lambda place: abs(log(LOG_EDGES[place] / bound)))
    for bound in HTTP_BOUNDARIES
)
_BINS = {f"b{fine}": bisect_left(_ENDS, fine) for fine in range(_ENDS[-1] + 1)}
BOUNDS = tuple(float(f"{LOG_EDGES[end]:.6g}") for end in _ENDS)
"""Seconds: the boundaries, to six digits."""

Labels = tuple[str, ...]


def summed(sums: Mapping[str, int]) -> Generator[None, None, list[tuple[FleetMetric, Point]]]:
    """Returns the points of requests, durations, business metrics and flags; what has another name is left alone.

    There may be tens of thousands of series, so it is to be driven by `paced`.
    """
    counted: defaultdict[tuple[FleetMetric, Labels], int] = defaultdict(int)
    bins: defaultdict[Labels, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
    nanoseconds: defaultdict[Labels, int] = defaultdict(int)
    for number, (name, count) in enumerate(sums.items()):
        if number % _AT_ONCE == 0:
            yield
        if name.startswith(FLAGS):
            counted[fleet.EVALUATIONS, tuple(name.removeprefix(FLAGS).split("|"))] += count
        elif name.startswith(_ROLLOUTS):
            rollout, _, slot, assignment, _, what = name.removeprefix(_ROLLOUTS).split("|", 5)
            place = rollout, slot, assignment
            if what in _OUTCOMES:
                counted[fleet.REQUESTS, (*place, what)] += count
            elif what.startswith("m:"):
                counted[fleet.REPORTS, (rollout, slot, what[2:])] += count
            elif what == "ns":
                nanoseconds[place] += count
            elif what.startswith("b") and what[1:].isdigit():
                bins[place][_BINS.get(what, len(BOUNDS))] += count
    told: list[tuple[FleetMetric, Point]] = []
    for (metric, labels), amount in sorted(counted.items(), key=lambda each: each[0][1]):
        told.append((metric, (labels, amount)))
    for where, counts in sorted(bins.items()):
        durations = Durations(BOUNDS, counts, nanoseconds[where] / _NANOSECONDS)
        told.append((fleet.DURATION, (where, durations)))
    return told
