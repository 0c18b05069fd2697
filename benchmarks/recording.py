"""What a request pays for its metrics: our tallies, and instruments of the OpenTelemetry SDK for comparison."""

from collections.abc import Iterator
from functools import partial

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from benchmarks.rounds import Batch
from reliakit.core.outcome import Outcome
from reliakit.core.tally import Tallies, record

__all__ = ["COUNT", "LOOP", "RECORD", "SDK", "recording_subjects"]

LOOP, RECORD, COUNT = "(empty loop)", "tally: outcome and duration", "tally: one flag evaluation"
SDK = "OpenTelemetry SDK: counter and histogram"

_SECONDS = 0.0123
_ATTRIBUTES = {"reliakit.rollout.name": "shop", "reliakit.slot": "blue"}


def recording_subjects() -> dict[str, Batch]:
    """Makes the subjects; what each does is what the middleware and a flag check do."""
    tallies = Tallies()
    return {
        LOOP: _empty,
        RECORD: partial(_recorded, tallies, tallies.numbers.of(("shop", "blue"))),
        COUNT: partial(_counted, tallies.counters.of(("flag", "on"))),
        SDK: _with_sdk(),
    }


def _empty(calls: int) -> None:
    for _ in range(calls):
        pass


def _recorded(tallies: Tallies, number: int, calls: int) -> None:
    local, success = tallies.local, Outcome.SUCCESS
    for _ in range(calls):
        record(local.rows, number, success, _SECONDS)


def _counted(counter: Iterator[int], calls: int) -> None:
    for _ in range(calls):
        next(counter)


def _with_sdk() -> Batch:
    meter = MeterProvider([InMemoryMetricReader()]).get_meter("benchmark")
    requests, duration = meter.create_counter("requests"), meter.create_histogram("duration")

    def batch(calls: int) -> None:
        for _ in range(calls):
            requests.add(1, _ATTRIBUTES)
            duration.record(_SECONDS, _ATTRIBUTES)

    return batch
