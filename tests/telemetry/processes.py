"""What happens once a process: run as `python -m tests.telemetry.processes NAME`, prints JSON."""

import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from tests.telemetry.counted import Counted, points

SUCCESSES = ("split", "success", "shop", "blue")


def without_a_provider() -> Any:
    """An application that has no SDK set up."""
    from reliakit.telemetry import watch

    kit = Counted()
    watch(kit)
    kit.serve(0.01)
    return sorted(name for name in sys.modules if name.startswith("opentelemetry.sdk"))


def imported() -> Any:
    """An application that only imports reliakit."""
    import reliakit
    import reliakit.telemetry

    return [reliakit.__name__, *(name for name in sys.modules if name.startswith("opentelemetry"))]


def provider_after_the_kit() -> Any:
    from reliakit.telemetry import watch

    kit = Counted()
    watch(kit)
    kit.serve(0.01)
    reader = _provider()
    return points(reader.get_metrics_data(), "reliakit.requests")[SUCCESSES]


def provider_before_the_kit() -> Any:
    from reliakit.telemetry import watch

    reader = _provider()
    kit = Counted()
    kit.serve(0.01)
    watch(kit)
    return points(reader.get_metrics_data(), "reliakit.requests")[SUCCESSES]


def events() -> Any:
    """An application that exports logs, and one whose exporter fails."""
    from opentelemetry import _logs
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

    from reliakit.telemetry.events import Told, emit

    emit(Told("reliakit.rollout.started", 1.0, "before there is a provider", {}))
    exporter, provider = InMemoryLogRecordExporter(), LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    _logs.set_logger_provider(provider)
    emit(Told("reliakit.rollout.rolled_back", 1_800_000_000.5, "9 of 412 failed", {"reliakit.slot": "green"}))
    emit(Told("reliakit.rollout.promoted", 1_800_000_001.0, "to 100 %", {}))
    found = [each.log_record for each in exporter.get_finished_logs()]
    return [
        [
            each.event_name,
            each.timestamp,
            each.severity_text,
            each.body,
            (each.attributes or {}).get("reliakit.slot"),
        ]
        for each in found
    ]


def events_without_an_api() -> Any:
    """An OpenTelemetry whose logs look otherwise: an older one, or a newer."""
    from opentelemetry import _logs

    from reliakit.telemetry.events import Told, emit

    class Old:
        def emit(self, record: Any) -> None:
            raise AssertionError("it wants a record")

    _logs.get_logger = lambda *given, **named: Old()  # type: ignore[assignment]
    emit(Told("reliakit.rollout.started", 1.0, "to an old one", {}))
    sys.modules["opentelemetry._logs"] = None  # type: ignore[assignment]
    emit(Told("reliakit.rollout.started", 1.0, "to none", {}))
    return "goes on"


def broken_provider() -> Any:
    import logging

    from opentelemetry import metrics

    class Broken(metrics.NoOpMeterProvider):
        def get_meter(self, *arguments: Any, **named: Any) -> Any:
            raise RuntimeError("no meters today")

    metrics.set_meter_provider(Broken())
    return _watching_logs(logging)


def no_opentelemetry() -> Any:
    import logging

    sys.modules["opentelemetry.metrics"] = None  # type: ignore[assignment]
    return _watching_logs(logging)


def forked_cumulative() -> Any:
    return _forked({})


def forked_delta() -> Any:
    from opentelemetry.sdk.metrics import ObservableCounter
    from opentelemetry.sdk.metrics.export import AggregationTemporality

    return _forked({ObservableCounter: AggregationTemporality.DELTA})


def forked_before_anything_was_collected() -> Any:
    from reliakit.telemetry import watch

    reader, kit = _provider(), Counted()
    watch(kit)
    kit.serve(*[0.01] * 7)
    return _child(lambda: _child_sees(reader, kit))


def forked_before_the_provider() -> Any:
    """gunicorn --preload with a provider for each worker, as OpenTelemetry advises."""
    from reliakit.telemetry import watch

    kit = Counted()
    watch(kit)
    kit.serve(*[0.01] * 7)
    return _child(lambda: _child_sees(None, kit))


def forked_while_collecting() -> Any:
    """Another thread is in the middle of a collection, so in the child the SDK's locks are held for ever."""
    import signal
    import threading

    from opentelemetry import metrics

    from reliakit.telemetry import watch

    reader, kit = _provider(), Counted()
    watch(kit)
    reader.collect()
    collecting, go_on = threading.Event(), threading.Event()

    def slow(options: Any) -> Any:
        collecting.set()
        go_on.wait(30)
        return ()

    metrics.get_meter("app").create_observable_gauge("slow", [slow])
    thread = threading.Thread(target=reader.collect)
    thread.start()
    collecting.wait(10)

    def child() -> Any:
        signal.alarm(20)
        watch(kit)
        return "serves on"

    answer = _child(child)
    go_on.set()
    thread.join()
    return answer


def _provider(temporality: Any = None) -> Any:
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader(preferred_temporality=temporality)
    metrics.set_meter_provider(MeterProvider([reader]))
    return reader


def _watching_logs(logging: Any) -> list[str]:
    from reliakit.telemetry import watch

    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logging.getLogger("reliakit").addHandler(handler)
    kits = [Counted(), Counted()]
    for kit in kits:
        watch(kit)
    return messages


def _forked(temporality: Any) -> Any:
    from reliakit.telemetry import watch

    reader, kit = _provider(temporality), Counted()
    watch(kit)
    kit.serve(*[0.01] * 7)
    before = points(reader.get_metrics_data(), "reliakit.requests")[SUCCESSES]
    seen = _child(lambda: _child_sees(reader, kit))
    kit.serve(0.01)
    return [before, seen, points(reader.get_metrics_data(), "reliakit.requests")[SUCCESSES]]


def _child_sees(reader: Any, kit: Counted) -> Any:
    """In a forked child: what is exported before anything happened, after 2 requests, and after another."""
    import threading

    from reliakit.telemetry import watch

    kit.tallies.after_fork()
    reader = reader or _provider()
    idle = points(reader.get_metrics_data(), "reliakit.requests")
    watch(kit)
    for thread in threading.enumerate():
        if thread.name == "reliakit-telemetry":
            thread.join(10)
    seen = [list(idle.values())]
    for amount in (2, 1):
        kit.serve(*[0.01] * amount)
        seen.append([points(reader.get_metrics_data(), "reliakit.requests").get(SUCCESSES)])
    return seen


def _child(work: Callable[[], Any]) -> Any:
    # Python warns of forks in a process with threads, which is what servers do and what is tried out here.
    warnings.simplefilter("ignore", DeprecationWarning)
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writable, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()))
