"""OpenTelemetry's instruments, by its API alone: without an SDK they cost nothing and do nothing."""

from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from opentelemetry.metrics import CallbackOptions, Meter, Observation, get_meter

from reliakit.telemetry.accounts import Point
from reliakit.telemetry.metrics import METRICS, Kind, Metric

__all__ = ["SCOPE", "create"]

SCOPE = "reliakit"
"""The name of the instrumentation scope."""

Points = Callable[[Metric], Iterable[Point]]


def create(points: Points, provider: Any = None, forks: int = 0) -> None:
    """Creates an observable instrument for each metric but the histogram, which the SDK can't observe.

    Args:
        points: gives the points of a metric whenever a reader collects.
        provider: a MeterProvider; by default the global one.
        forks: how many times this process was forked from one that had already exported.
    """
    # Given only where it is needed: before 1.30 the API does not know `attributes`.
    distinct: dict[str, Any] = {"attributes": {"reliakit.forks": forks}} if forks else {}
    meter = get_meter(SCOPE, _version(), provider, **distinct)
    for metric in METRICS:
        if metric.kind is not Kind.HISTOGRAM:
            _instrument(meter, metric, partial(_observe, points, metric))


def _instrument(
    meter: Meter, metric: Metric, observe: Callable[[CallbackOptions], Iterable[Observation]]
) -> None:
    make = {
        Kind.COUNTER: meter.create_observable_counter,
        Kind.GAUGE: meter.create_observable_gauge,
        Kind.LEVEL: meter.create_observable_up_down_counter,
    }[metric.kind]
    make(metric.name, [observe], metric.unit, metric.description)


def _observe(points: Points, metric: Metric, options: CallbackOptions) -> list[Observation]:
    return [Observation(amount, attributes) for amount, attributes in points(metric)]


def _version() -> str:
    try:
        return version("reliakit")
    except PackageNotFoundError:  # copied into another distribution: the scope then has no version
        return ""
