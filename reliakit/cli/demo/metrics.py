"""A worker's metrics, read by the OpenTelemetry SDK as an application's exporter would."""

from collections.abc import Iterator
from typing import Any

from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from reliakit.telemetry import with_histograms

__all__ = ["exported", "start_metrics"]


def start_metrics() -> InMemoryMetricReader:
    """Sets this process's meter provider up, and returns its reader."""
    reader = with_histograms(InMemoryMetricReader())
    set_meter_provider(MeterProvider([reader]))
    return reader


def exported(reader: InMemoryMetricReader) -> list[str]:
    """Returns what the worker exports now, a line a point: `name{attribute=value} number unit`."""
    data = reader.get_metrics_data()
    if data is None:
        return []
    metrics = [
        metric for each in data.resource_metrics for scope in each.scope_metrics for metric in scope.metrics
    ]
    return [line for metric in metrics for line in _lines(metric)]


def _lines(metric: Any) -> Iterator[str]:
    for point in metric.data.data_points:
        attributes = ", ".join(f"{name}={value}" for name, value in sorted(point.attributes.items()))
        value = f"{point.value:g}" if hasattr(point, "value") else f"{point.count} in {point.sum:.3f}"
        yield f"{metric.name}{{{attributes}}} {value} {metric.unit}".rstrip()
