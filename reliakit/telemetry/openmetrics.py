"""Writes OpenMetrics text. It is sixty lines; a library for it would be an extra that everybody has to install."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf, isnan

from reliakit.telemetry.fleet_metrics import FleetMetric

__all__ = ["CONTENT_TYPE", "Durations", "Point", "written"]

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Durations:
    """A histogram.

    Attributes:
        bounds: upper edges, ascending; the last bin has none.
        counts: of each bin, one more than bounds.
        sum: of all that was measured.
    """

    bounds: Sequence[float]
    counts: Sequence[int]
    sum: float


Point = tuple[tuple[str, ...], float | Durations]
"""A value for each label of the metric, and what is told."""


def written(told: Mapping[FleetMetric, Iterable[Point]]) -> str:
    """Returns the text of metrics with their points; ends with `# EOF`."""
    lines = [line for metric, points in told.items() for line in _family(metric, points)]
    return "\n".join([*lines, "# EOF", ""])


def _family(metric: FleetMetric, points: Iterable[Point]) -> Iterator[str]:
    yield f"# TYPE {metric.name} {metric.type}"
    if metric.unit:
        yield f"# UNIT {metric.name} {metric.unit}"
    yield f"# HELP {metric.name} {metric.help.translate(_ESCAPED)}"
    for values, value in points:
        labels = list(zip(metric.labels, values, strict=True))
        if isinstance(value, Durations):
            yield from _histogram(metric, labels, value)
        else:
            yield _sample(metric.samples[0], labels, value)


def _histogram(metric: FleetMetric, labels: list[tuple[str, str]], value: Durations) -> Iterator[str]:
    bucket, count, total = metric.samples
    upto = list(accumulate(value.counts))
    for bound, amount in zip((*value.bounds, inf), upto, strict=True):
        yield _sample(bucket, [*labels, ("le", _number(bound))], amount)
    yield _sample(count, labels, upto[-1])
    yield _sample(total, labels, value.sum)


def _sample(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    inside = ",".join(f'{label}="{text.translate(_ESCAPED)}"' for label, text in labels)
    return f"{name}{f'{{{inside}}}' if inside else ''} {_number(value)}"


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if isnan(value):
        return "NaN"
    return repr(value) if abs(value) != inf else "+Inf" if value > 0 else "-Inf"
