"""Turns tallies into points: what a kit has counted, in the words of the metrics."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

from reliakit.core.counters import AtUpstream, Failed, Given, Happened, Ignored, Met, Missed, Tracked, Unknown
from reliakit.core.histogram import HTTP_BOUNDARIES, http_buckets
from reliakit.core.outcome import Outcome
from reliakit.core.tally import Series
from reliakit.telemetry.failover_metrics import FAILOVER_EVENTS, RegionsAt, points_of
from reliakit.telemetry.metrics import (
    ATTRIBUTE_MISSES,
    DURATION_BUCKET,
    DURATION_SUM,
    ERRORS,
    EVALUATIONS,
    EVIDENCE,
    FAILURES,
    IGNORED,
    IN_FLIGHT,
    PHASE,
    RELOAD_FAILURES,
    REPORTS,
    REQUESTS,
    SNAPSHOT_AGE,
    THRESHOLD,
    TRANSITIONS,
    UNKNOWN,
    UPSTREAM_CHECKS,
    UPSTREAM_COPIES,
    UPSTREAM_EJECTIONS,
    UPSTREAM_ENDPOINTS,
    UPSTREAM_FAILURES,
    UPSTREAM_REJECTIONS,
    UPSTREAM_RETRIES,
    WEIGHT,
    Kind,
    Metric,
)
from reliakit.telemetry.rolling_metrics import ROLLING_EVENTS

__all__ = ["LES", "Reading", "Standing", "Watched", "Weighed", "read"]

LES = (*map(str, HTTP_BOUNDARIES), "+Inf")
"""The values of the attribute `le`, ascending."""

Values = tuple[str | None, ...]
"""A value for each attribute of a metric, None where the point does not have it."""


Weighed = tuple[str, str, float, float]
"""Metric, test, and the natural logarithms of E and of the threshold."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rollout stands.

    Attributes:
        rollout: its name.
        phase: of its last release; None before the first.
        shares: slot -> percent of the requests.
        evidence: where this worker knows it.
    """

    rollout: str
    phase: str | None
    shares: Mapping[str, float]
    evidence: tuple[Weighed, ...] = ()


class Watched(Protocol):
    """What telemetry asks of a kit; called from the threads of whoever collects metrics."""

    def counts(self) -> Mapping[Hashable, int]:
        """Returns the totals by the names of `reliakit.core.counters`."""

    def rows(self) -> Mapping[Any, Series]:
        """Returns the totals of requests by (rollout, slot, assignment)."""

    def in_flight(self) -> int:
        """Returns how many requests of rollouts are under way."""

    def standings(self) -> Iterable[Standing]:
        """Returns where the rollouts stand."""

    def endpoints(self) -> Mapping[tuple[str, str], int]:
        """Returns how many endpoints there are by (upstream, status)."""

    def regions(self) -> Iterable[RegionsAt]:
        """Returns where regions stand that stand in for each other."""

    def snapshot_age(self) -> float:
        """Returns seconds since the definitions were last read without a problem."""

    def reload_failures(self) -> int:
        """Returns how many loads have left something behind."""


class Reading:
    """Totals by metric and attribute values."""

    def __init__(self) -> None:
        self._totals: defaultdict[Metric, defaultdict[Values, float]] = defaultdict(lambda: defaultdict(int))

    def count(self, metric: Metric, amount: float, *values: str | None) -> None:
        """Adds to the point with these values, one for each of the metric's attributes."""
        self._totals[metric][values] += amount

    def points(self, metric: Metric) -> Iterator[tuple[float, dict[str, str]]]:
        """Yields each point of a metric: its total and its attributes."""
        for values, amount in self._totals[metric].items():
            named = zip(metric.attributes, values, strict=True)
            yield amount, {name: value for name, value in named if value is not None}

    def merge(self, other: "Reading") -> None:
        """Takes in what another kit has counted; of gauges the higher value stays."""
        for metric, totals in other._totals.items():
            mine = self._totals[metric]
            for values, amount in totals.items():
                gauge = metric.kind is Kind.GAUGE
                mine[values] = max(mine.get(values, amount), amount) if gauge else mine[values] + amount

    def without_gauges(self) -> "Reading":
        """Returns what stays true of a kit that is gone."""
        left = Reading()
        left._totals.update(
            {metric: each for metric, each in self._totals.items() if metric.kind is Kind.COUNTER}
        )
        return left


def read(kit: Watched) -> Reading:
    """Reads everything that a kit has counted."""
    reading = Reading()
    for name, amount in kit.counts().items():
        _count(reading, name, amount)
    for row_name, row in kit.rows().items():
        _requests(reading, row_name, row)
    reading.count(IN_FLIGHT, kit.in_flight())
    for standing in kit.standings():
        _stands(reading, standing)
    for (upstream, status), amount in kit.endpoints().items():
        reading.count(UPSTREAM_ENDPOINTS, amount, upstream, status)
    for regions in kit.regions():
        for metric, value, attributes in points_of(regions):
            reading.count(metric, value, *attributes)
    reading.count(SNAPSHOT_AGE, kit.snapshot_age())
    reading.count(RELOAD_FAILURES, kit.reload_failures())
    return reading


def _count(reading: Reading, name: Hashable, amount: int) -> None:
    match name:
        case Given(flag, variant, reason, error):
            reading.count(
                EVALUATIONS, amount, flag, variant, reason.lower(), error.lower() if error else None
            )
        case Missed(flag, attribute, problem):
            reading.count(ATTRIBUTE_MISSES, amount, flag, attribute, problem)
        case Unknown(flag):
            reading.count(UNKNOWN, amount, flag)
        case Tracked(rollout, slot, _, metric):
            reading.count(REPORTS, amount, rollout, slot, metric)
        case Ignored(metric):
            reading.count(IGNORED, amount, metric)
        case Happened(rollout, what):
            reading.count(TRANSITIONS, amount, rollout, what)
        case Failed(what):
            reading.count(FAILURES, amount, what)
        case Met(upstream, met, which):
            reading.count(_MET[met], amount, upstream, which.replace(" ", "_"))


_MET: Mapping[AtUpstream, Metric] = {
    "check": UPSTREAM_CHECKS,
    "failure": UPSTREAM_FAILURES,
    "ejection": UPSTREAM_EJECTIONS,
    "retry": UPSTREAM_RETRIES,
    "rejection": UPSTREAM_REJECTIONS,
    "mirror": UPSTREAM_COPIES,
    "failover": FAILOVER_EVENTS,
    "rolling": ROLLING_EVENTS,
}


def _stands(reading: Reading, standing: Standing) -> None:
    name = standing.rollout
    for slot, share in standing.shares.items():
        reading.count(WEIGHT, share, name, slot)
    if standing.phase is not None:
        reading.count(PHASE, 1, name, standing.phase)
    for metric, test, evidence, threshold in standing.evidence:
        reading.count(EVIDENCE, evidence, name, metric, test)
        reading.count(THRESHOLD, threshold, name, metric, test)


def _requests(reading: Reading, name: tuple[str, str, str], row: Series) -> None:
    # Also what is still zero: a counter that starts at its first error hides that one from `rate`.
    name = (name[0], name[1], str(name[2]))
    for outcome, amount in row.outcomes().items():
        reading.count(REQUESTS, amount, *name, outcome.name.lower())
    reading.count(ERRORS, row.outcomes()[Outcome.ERROR], *name)
    for le, amount in zip(LES, accumulate(http_buckets(row.bins)), strict=True):
        reading.count(DURATION_BUCKET, amount, *name, le)
    reading.count(DURATION_SUM, row.seconds, *name)
