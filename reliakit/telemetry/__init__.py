"""Metrics over the tallies, through OpenTelemetry's API; nothing of it runs for a request."""

from reliakit.telemetry.histograms import with_histograms
from reliakit.telemetry.metrics import METRICS, Kind, Metric
from reliakit.telemetry.watching import watch

__all__ = ["METRICS", "Kind", "Metric", "watch", "with_histograms"]
