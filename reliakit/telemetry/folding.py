"""Folds the duration counters in what a reader has collected into one histogram."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ScopeMetrics,
    Sum,
)

from reliakit.core.histogram import HTTP_BOUNDARIES
from reliakit.telemetry.instruments import SCOPE
from reliakit.telemetry.metrics import DURATION, DURATION_BUCKET, DURATION_SUM, LE
from reliakit.telemetry.reading import LES

__all__ = ["fold"]

_UNKNOWN: Any = None
"""Of the shortest and the longest duration: optional in OTLP, and a tally does not keep them."""

Row = frozenset[tuple[str, Any]]
"""The attributes of a histogram's point."""


def fold(data: MetricsData | None) -> MetricsData | None:
    """Returns the data with the duration counters of reliakit replaced by one histogram, all else as it is.

    Counters that can't be folded stay: a view may have renamed them or taken attributes away, or their number may
    be beyond the reader's cardinality limit.
    """
    if data is None:
        return None
    resources = [
        replace(resource, scope_metrics=[_scope(scope) for scope in resource.scope_metrics])
        for resource in data.resource_metrics
    ]
    return replace(data, resource_metrics=resources)


def _scope(scope: ScopeMetrics) -> ScopeMetrics:
    if scope.scope.name != SCOPE:
        return scope
    named = {metric.name: metric.data for metric in scope.metrics}
    histogram = _histogram(named.pop(DURATION_BUCKET.name, None), named.pop(DURATION_SUM.name, None))
    if histogram is None:
        return scope
    kept = [metric for metric in scope.metrics if metric.name in named]
    if histogram.data_points:
        kept.append(Metric(DURATION.name, DURATION.description, DURATION.unit, histogram))
    return replace(scope, metrics=kept)


def _histogram(buckets: object, sums: object) -> Histogram | None:
    if not (isinstance(buckets, Sum) and isinstance(sums, Sum)):
        return None
    rows, seconds = _rows(buckets.data_points), {_row(point): point.value for point in sums.data_points}
    if rows.keys() != seconds.keys() or not all(row.keys() == set(LES) for row in rows.values()):
        return None
    points = [_point([row[le] for le in LES], seconds[name]) for name, row in rows.items()]
    if buckets.aggregation_temporality is AggregationTemporality.DELTA:
        # As the SDK's own histograms, which are silent where nothing happened.
        points = [point for point in points if point.count]
    return Histogram(points, buckets.aggregation_temporality)


def _rows(points: Iterable[NumberDataPoint]) -> dict[Row, dict[Any, NumberDataPoint]]:
    rows: dict[Row, dict[Any, NumberDataPoint]] = {}
    for point in points:
        rows.setdefault(_row(point), {})[(point.attributes or {}).get(LE)] = point
    return rows


def _row(point: NumberDataPoint) -> Row:
    return frozenset((name, value) for name, value in (point.attributes or {}).items() if name != LE)


def _point(buckets: Sequence[NumberDataPoint], seconds: float) -> HistogramDataPoint:
    """`buckets` hold all requests up to each boundary; a histogram's buckets hold those between two of them."""
    upto = [int(point.value) for point in buckets]
    everything = buckets[-1]
    return HistogramDataPoint(
        attributes={name: value for name, value in (everything.attributes or {}).items() if name != LE},
        start_time_unix_nano=everything.start_time_unix_nano,
        time_unix_nano=everything.time_unix_nano,
        count=upto[-1],
        sum=seconds,
        bucket_counts=[high - low for low, high in zip([0, *upto], upto, strict=False)],
        explicit_bounds=HTTP_BOUNDARIES,
        min=_UNKNOWN,
        max=_UNKNOWN,
    )
