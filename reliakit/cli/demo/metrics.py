"""A worker's metrics, read by the OpenTelemetry SDK as an application's exporter would."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from reliakit.cli.demo.counted import Counted
from reliakit.telemetry import with_histograms
from reliakit.telemetry.metrics import ERRORS, EVALUATIONS, REQUESTS

__all__ = ["Point", "counted", "exported", "start_metrics"]


@dataclass(frozen=True, slots=True)
class Point:
    """One exported point; a histogram's value is its count, and `total` its sum."""

    name: str
    attributes: Mapping[str, str]
    value: float
    unit: str
    total: float | None = None

    def __str__(self) -> str:
        attributes = ", ".join(f"{name}={value}" for name, value in sorted(self.attributes.items()))
        number = f"{self.value:g}" if self.total is None else f"{self.value:g} in {self.total:.3f}"
        return f"{self.name}{{{attributes}}} {number} {self.unit}"


def start_metrics() -> InMemoryMetricReader:
    """Sets this process's meter provider up, and returns its reader."""
    reader = with_histograms(InMemoryMetricReader())
    set_meter_provider(MeterProvider([reader]))
    return reader


def exported(reader: InMemoryMetricReader) -> list[Point]:
    """Returns what the worker exports now."""
    data = reader.get_metrics_data()
    scopes = [scope for each in data.resource_metrics for scope in each.scope_metrics] if data else []
    return [point for scope in scopes for metric in scope.metrics for point in _points(metric)]


def counted(points: Iterable[Point]) -> Counted:
    """Returns what the points say of requests and evaluations."""
    account = Counted()
    for point in points:
        slot, number = point.attributes.get("reliakit.slot", ""), round(point.value)
        if point.name == REQUESTS.name:
            account.requests[slot] += number
        elif point.name == ERRORS.name:
            account.errors[slot] += number
        elif point.name == EVALUATIONS.name:
            reason = point.attributes["feature_flag.result.reason"].upper()
            account.evaluations[f"{point.attributes['feature_flag.key']}, {reason}"] += number
    return account


def _points(metric: Any) -> Iterator[Point]:
    for point in metric.data.data_points:
        simple = hasattr(point, "value")
        value, total = (point.value, None) if simple else (point.count, point.sum)
        yield Point(metric.name, point.attributes, value, metric.unit, total)
