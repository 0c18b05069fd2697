"""What users see of durations who build their own MeterProvider: one true histogram, in every kind of reader."""

import json
import logging
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import Histogram as HistogramInstrument
from opentelemetry.sdk.metrics import MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    InMemoryMetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import View
from prometheus_client import CollectorRegistry, start_http_server

from reliakit.core.histogram import HTTP_BOUNDARIES
from reliakit.telemetry.histograms import with_histograms
from reliakit.telemetry.watching import Watch
from tests.telemetry.collecting import watched
from tests.telemetry.counted import Counted, metrics, points

SPLIT = ("split", "shop", "blue")
DURATION = "reliakit.request.duration"
COUNTERS = {"reliakit.request.duration.bucket", "reliakit.request.duration.sum"}
DELTA: dict[type, AggregationTemporality] = {
    ObservableCounter: AggregationTemporality.DELTA,
    HistogramInstrument: AggregationTemporality.DELTA,
}
SECONDS = (0.005, 0.006, 0.2, 0.3, 60.0)


def folded(kit: Counted, **settings) -> InMemoryMetricReader:
    return watched(kit, reader=with_histograms(InMemoryMetricReader(**settings)))


@contextmanager
def scraped(registry: CollectorRegistry):
    """Serves a registry over HTTP; gives what fetches the lines that a Prometheus would store."""
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)

    def lines() -> list[str]:
        with urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=10) as response:
            return response.read().decode().splitlines()

    try:
        yield lines
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def value(lines: list[str], start: str, *labels: str) -> float:
    """Returns the value of the one sample that starts so and has all these labels."""
    found = [
        line for line in lines if line.startswith(start + "{") and all(label in line for label in labels)
    ]
    assert len(found) == 1, found
    return float(found[0].rpartition(" ")[2])


def test_the_histogram_is_the_one_that_the_sdk_would_have_made():
    """Same buckets, count and sum as Histogram.record with the boundaries of semconv."""
    kit, reference = Counted(), InMemoryMetricReader()
    reader = folded(kit)
    histogram = (
        MeterProvider([reference], shutdown_on_exit=False)
        .get_meter("app")
        .create_histogram("http.server.request.duration", explicit_bucket_boundaries_advisory=HTTP_BOUNDARIES)
    )
    durations = [*HTTP_BOUNDARIES, 0.0, 0.0051, 3.3, 12.0, 1e-9]
    kit.serve(*durations)
    for seconds in durations:
        histogram.record(seconds)
    ours = points(reader.get_metrics_data(), DURATION)[SPLIT]
    theirs = points(reference.get_metrics_data(), "http.server.request.duration")[()]
    assert list(ours.explicit_bounds) == list(theirs.explicit_bounds)
    assert list(ours.bucket_counts) == list(theirs.bucket_counts)
    assert (ours.count, ours.sum) == (theirs.count, pytest.approx(theirs.sum))


def test_the_histogram_replaces_the_counters():
    """Nothing is paid for, or counted, twice."""
    kit = Counted()
    kit.serve(*SECONDS)
    exported = metrics(folded(kit).get_metrics_data())
    assert DURATION in exported
    assert not COUNTERS & set(exported)
    assert exported[DURATION].unit == "s"
    assert {"reliakit.requests", "reliakit.request.errors", "reliakit.snapshot.age"} <= set(exported)


def test_backends_that_want_deltas_get_them():
    kit = Counted()
    reader = folded(kit, preferred_temporality=DELTA)
    kit.serve(0.006, 0.006)
    first = metrics(reader.get_metrics_data())[DURATION].data
    assert first.aggregation_temporality is AggregationTemporality.DELTA
    kit.serve(0.006)
    [second] = metrics(reader.get_metrics_data())[DURATION].data.data_points
    assert [point.count for point in first.data_points] == [2]
    assert (second.count, sum(second.bucket_counts), second.sum) == (1, 1, pytest.approx(0.006))
    assert second.start_time_unix_nano == first.data_points[0].time_unix_nano
    assert DURATION not in metrics(reader.get_metrics_data())


def test_counters_are_deltas_too_where_the_reader_wants_them():
    kit = Counted()
    reader = watched(kit, reader=InMemoryMetricReader(preferred_temporality=DELTA))
    for amount in (2, 3):
        kit.serve(*[0.01] * amount)
        assert (
            points(reader.get_metrics_data(), "reliakit.requests")["split", "success", "shop", "blue"]
            == amount
        )


def test_a_prometheus_that_scrapes_sees_a_native_histogram():
    kit, registry = Counted(), CollectorRegistry()
    reader = with_histograms(PrometheusMetricReader(registry=registry))
    watch = Watch(MeterProvider([reader], shutdown_on_exit=False))
    watch.watch(kit)
    with scraped(registry) as lines:
        for rounds in (1, 2):
            kit.serve(*SECONDS)
            seen = lines()
            assert "# TYPE reliakit_request_duration_seconds histogram" in seen
            bucket = "reliakit_request_duration_seconds_bucket"
            assert value(seen, bucket, 'le="0.005"', 'reliakit_slot="blue"') == rounds
            assert value(seen, bucket, 'le="+Inf"') == value(seen, "reliakit_request_duration_seconds_count")
            assert value(seen, "reliakit_request_duration_seconds_count") == 5 * rounds
            assert value(seen, "reliakit_request_duration_seconds_sum") == pytest.approx(60.511 * rounds)


def test_a_prometheus_that_scrapes_sees_buckets_where_nobody_asked_for_histograms():
    """`histogram_quantile(0.95, sum by (le) (rate(reliakit_request_duration_bucket_total[5m])))` works on these."""
    kit, registry = Counted(), CollectorRegistry()
    reader = PrometheusMetricReader(registry=registry)
    watch = Watch(MeterProvider([reader], shutdown_on_exit=False))
    watch.watch(kit)
    kit.serve(*SECONDS)
    with scraped(registry) as lines:
        seen = lines()
    upto = [
        value(seen, "reliakit_request_duration_bucket_total", f'le="{le}"')
        for le in (0.005, 0.01, 0.25, "+Inf")
    ]
    assert upto == [1, 2, 3, 5]
    assert value(seen, "reliakit_request_duration_sum_seconds_total") == pytest.approx(60.511)
    assert value(seen, "reliakit_requests_total", 'reliakit_outcome="success"') == 5


def test_a_collector_that_is_pushed_to_gets_a_histogram():
    received: list[ExportMetricsServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    kit = Counted()
    kit.serve(*SECONDS)
    exporter = OTLPMetricExporter(f"http://127.0.0.1:{server.server_port}/v1/metrics")
    provider = MeterProvider([with_histograms(PeriodicExportingMetricReader(exporter, 3_600_000))])
    watch = Watch(provider)
    watch.watch(kit)
    try:
        assert provider.force_flush()
    finally:
        provider.shutdown()
        server.shutdown()
        server.server_close()
        thread.join()
    sent = {
        metric.name: metric
        for scope in received[0].resource_metrics[0].scope_metrics
        for metric in scope.metrics
    }
    [point] = sent[DURATION].histogram.data_points
    assert (point.count, list(point.explicit_bounds)) == (5, list(HTTP_BOUNDARIES))
    assert not point.HasField("min")
    assert not COUNTERS & set(sent)


def test_a_view_that_takes_attributes_away_loses_no_durations():
    """What can't be folded is exported as it is."""
    kit = Counted()
    kit.serve(*SECONDS)
    view = View(instrument_name="reliakit.request.duration.bucket", attribute_keys={"reliakit.slot"})
    reader = watched(kit, reader=with_histograms(InMemoryMetricReader()), views=[view])
    assert set(metrics(reader.get_metrics_data())) >= COUNTERS


def test_a_limit_of_cardinality_gives_no_wrong_histogram(caplog):
    kit = Counted()
    kit.serve(*SECONDS)
    kit.serve(*SECONDS, slot="green")
    reader = watched(
        kit, reader=with_histograms(InMemoryMetricReader(cardinality_limits={ObservableCounter: 20}))
    )
    exported = metrics(reader.get_metrics_data())
    assert DURATION not in exported
    assert set(exported) >= COUNTERS
    assert not caplog.records


def test_metrics_of_the_application_pass_unchanged():
    reader = with_histograms(InMemoryMetricReader())
    provider = MeterProvider([reader], shutdown_on_exit=False)
    meter = provider.get_meter("app")
    meter.create_counter("reliakit.request.duration.bucket").add(1)
    meter.create_histogram("orders").record(3)
    exported = metrics(reader.get_metrics_data())
    assert set(exported) == {"reliakit.request.duration.bucket", "orders"}
    assert isinstance(exported["orders"].data, Histogram)


def test_metrics_are_still_exported_when_folding_fails(caplog):
    """Another SDK, or a later one, may hand over something that folding does not know."""
    received: list[object] = []

    class Reader(InMemoryMetricReader):
        def _receive_metrics(self, metrics_data, timeout_millis=10_000, **kwargs):
            received.append(metrics_data)

    reader = with_histograms(Reader())
    with caplog.at_level(logging.ERROR, logger="reliakit"):
        reader._receive_metrics("something else")
        reader._receive_metrics("something else")
    assert received == ["something else"] * 2
    assert len(caplog.records) == 1


def test_a_collection_with_a_histogram_can_be_printed():
    """The console exporter writes JSON."""
    kit = Counted()
    kit.serve(*SECONDS)
    data = folded(kit).get_metrics_data()
    assert data is not None
    assert DURATION in json.dumps(json.loads(data.to_json()))
