"""Instruments of their own for each test, so that tests don't share the provider of the process."""

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData

from reliakit.telemetry.watching import Watch
from tests.telemetry.counted import Counted


def watched(
    *kits: Counted, reader: InMemoryMetricReader | None = None, **settings: Any
) -> InMemoryMetricReader:
    """Returns a reader over some kits, which the caller has to hold."""
    reader = reader or InMemoryMetricReader()
    watch = Watch(MeterProvider([reader], shutdown_on_exit=False, **settings))
    for kit in kits:
        watch.watch(kit)
    return reader


def collected(*kits: Counted) -> MetricsData | None:
    """Returns one collection over some kits, which are held until it is done."""
    return watched(*kits).get_metrics_data()
