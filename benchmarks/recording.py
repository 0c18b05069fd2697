"""What a request pays for its metrics: our tallies, and instruments of the OpenTelemetry SDK for comparison."""

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
    tallies = Tallies()
    cell = tallies.cells.number(("flag", "on"))
    tallies.grow()
    return {
        LOOP: _empty,
        RECORD: partial(_recorded, tallies, tallies.series.number(("shop", "blue"))),
        COUNT: partial(_counted, tallies, cell),
        SDK: _with_sdk(),
    }


def _empty(calls: int) -> None:
    for _ in range(calls):
        pass


def _recorded(tallies: Tallies, series: int, calls: int) -> None:
    for _ in range(calls):
        record(tallies.local.tally, series, Outcome.SUCCESS, _SECONDS)


def _counted(tallies: Tallies, cell: int, calls: int) -> None:
    for _ in range(calls):
        tallies.local.counts[cell] += 1


def _with_sdk() -> Batch:
    meter = MeterProvider([InMemoryMetricReader()]).get_meter("benchmark")
    requests, duration = meter.create_counter("requests"), meter.create_histogram("duration")

    def batch(calls: int) -> None:
        for _ in range(calls):
            requests.add(1, _ATTRIBUTES)
            duration.record(_SECONDS, _ATTRIBUTES)

    return batch
