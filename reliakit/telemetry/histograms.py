"""A true duration histogram, for applications that build their own MeterProvider."""

import logging
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader

__all__ = ["with_histograms"]

_log = logging.getLogger("reliakit")
R = TypeVar("R", bound="MetricReader")


def with_histograms(reader: R) -> R:
    """Makes a metric reader see `reliakit.request.duration` as a histogram in place of its counters.

        provider = MeterProvider([with_histograms(PeriodicExportingMetricReader(OTLPMetricExporter()))])
        provider = MeterProvider([with_histograms(PrometheusMetricReader())])

    Works for every reader, pull and push, cumulative and delta; it needs opentelemetry-sdk, as readers do.

    Args:
        reader: changed in place.

    Returns:
        The same reader.
    """
    from reliakit.telemetry.folding import fold

    # The hook that the SDK has its readers override. A wrapper around exporters would leave out those readers
    # that have none, Prometheus' among them; a subclass for each kind would leave out those of other people.
    receive = reader._receive_metrics

    def folded(metrics_data: Any, *args: Any, **kwargs: Any) -> None:
        try:
            metrics_data = fold(metrics_data)
        except Exception:
            _log.exception("durations are exported as counters from now on")
            reader._receive_metrics = receive  # type: ignore[method-assign]
        receive(metrics_data, *args, **kwargs)

    reader._receive_metrics = folded  # type: ignore[method-assign]
    return reader
