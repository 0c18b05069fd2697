"""What it costs to export durations, for docs/adr/0005: `python -m benchmarks.durations [--smoke]`.

One request records one duration in each way; one export collects everything that was recorded.
"""

import sys
from collections import deque
from collections.abc import Callable
from random import Random
from statistics import median
from time import perf_counter, time_ns
from typing import Any

from opentelemetry.context import get_current
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics._internal.measurement import Measurement
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from benchmarks.machine import described
from benchmarks.table import Table
from reliakit.core.histogram import HTTP_BOUNDARIES
from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Assignment
from reliakit.core.tally import Tallies, record
from reliakit.telemetry.histograms import with_histograms
from reliakit.telemetry.watching import Watch

__all__ = ["run"]

_DURATIONS = [Random(7).lognormvariate(-4, 1) for _ in range(1000)]
_ATTRIBUTES = {"reliakit.rollout.name": "shop", "reliakit.slot": "blue", "reliakit.assignment": "split"}
_BUCKETS = {"explicit_bucket_boundaries_advisory": HTTP_BOUNDARIES}

Work = Callable[[], object]


class _Kit:
    """Tallies, as telemetry sees those of a kit."""

    def __init__(self) -> None:
        self.tallies = Tallies()
        self.counts, self.rows = self.tallies.counts, self.tallies.rows

    def in_flight(self) -> int:
        return 0

    def standings(self) -> tuple[()]:
        return ()

    def endpoints(self) -> dict[tuple[str, str], int]:
        return {}

    def regions(self) -> tuple[()]:
        return ()

    def snapshot_age(self) -> float:
        return 1.0

    def reload_failures(self) -> int:
        return 0


def _sdk() -> tuple[InMemoryMetricReader, Any]:
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("benchmark")
    return reader, meter.create_histogram("duration", "s", "", **_BUCKETS)


def _tallied() -> Work:
    tallies = Tallies()
    rows, row = tallies.local.rows, tallies.numbers.of("row")

    def requests() -> None:
        for seconds in _DURATIONS:
            record(rows, row, Outcome.SUCCESS, seconds)

    return requests


def _recorded() -> Work:
    _, histogram = _sdk()

    def requests() -> None:
        for seconds in _DURATIONS:
            histogram.record(seconds, _ATTRIBUTES)

    return requests


def _bound() -> Work:
    """The aggregation that the SDK would look up, kept: what a bound instrument could save."""
    _, histogram = _sdk()
    histogram.record(0.0, _ATTRIBUTES)
    [storage] = histogram._measurement_consumer._reader_storages.values()
    [match] = storage._instrument_view_instrument_matches[histogram]
    [aggregation] = match._attributes_aggregation.values()

    def requests() -> None:
        for seconds in _DURATIONS:
            measured = Measurement(seconds, time_ns(), histogram, get_current(), _ATTRIBUTES)
            aggregation.aggregate(measured, False)

    return requests


def _queued() -> Work:
    """A queue on the request path, replayed by a background thread: both happen under one GIL."""
    _, histogram = _sdk()
    queue: deque[float] = deque()

    def requests() -> None:
        for seconds in _DURATIONS:
            queue.append(seconds)
        while queue:
            histogram.record(queue.popleft(), _ATTRIBUTES)

    return requests


_REQUESTS: dict[str, Callable[[], Work]] = {
    "tally: outcome, sum and fine bins": _tallied,
    "Histogram.record": _recorded,
    "the histogram's aggregation, bound by private names": _bound,
    "a queue, replayed into Histogram.record": _queued,
}


def _names(rollouts: int) -> list[tuple[str, str]]:
    return [(f"rollout-{number}", slot) for number in range(rollouts) for slot in ("blue", "green")]


def _export_of_the_sdk(rollouts: int) -> Work:
    reader, histogram = _sdk()
    for rollout, slot in _names(rollouts):
        for seconds in _DURATIONS:
            histogram.record(seconds, _ATTRIBUTES | {"reliakit.rollout.name": rollout, "reliakit.slot": slot})
    return reader.get_metrics_data


def _export_of_tallies(rollouts: int, folded: bool) -> Work:
    kit = _Kit()
    for rollout, slot in _names(rollouts):
        row = kit.tallies.numbers.of((rollout, slot, Assignment.SPLIT))
        for seconds in _DURATIONS:
            record(kit.tallies.local.rows, row, Outcome.SUCCESS, seconds)
    reader = with_histograms(InMemoryMetricReader()) if folded else InMemoryMetricReader()
    watch = Watch(MeterProvider([reader], shutdown_on_exit=False))
    watch.watch(kit)
    return lambda: (kit, reader.get_metrics_data())


_EXPORTS: dict[str, Callable[[int], Work]] = {
    "the SDK's histogram alone": _export_of_the_sdk,
    "all counters of reliakit": lambda rollouts: _export_of_tallies(rollouts, folded=False),
    "all counters of reliakit, durations folded": lambda rollouts: _export_of_tallies(rollouts, folded=True),
}


def _interleaved(works: dict[str, Work], rounds: int, seconds: float) -> dict[str, float]:
    """Median seconds of one call of each, measured in turns so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(_timed(work, seconds))
    return {name: median(each) for name, each in taken.items()}


def _timed(work: Work, seconds: float) -> float:
    calls, start = 0, perf_counter()
    while (elapsed := perf_counter() - start) < seconds or not calls:
        work()
        calls += 1
    return elapsed / calls


def _rows(taken: dict[str, float], scale: float, unit: str) -> tuple[tuple[str, ...], ...]:
    first = next(iter(taken.values()))
    return tuple((name, f"{each * scale:.2f} {unit}", f"{each / first:.2f}") for name, each in taken.items())


def run(smoke: bool) -> list[Table]:
    """Measures all alternatives: one table for each request, and one for each export and number of rollouts."""
    rounds, seconds = (1, 0.01) if smoke else (7, 0.3)
    requests = {name: make() for name, make in _REQUESTS.items()}
    taken = _interleaved(requests, rounds, seconds)
    header = ("way", "time", "ratio")
    tables = [Table("A duration, for each request", header, _rows(taken, 1e6 / len(_DURATIONS), "us"))]
    for rollouts in (1, 10):
        exports = {name: make(rollouts) for name, make in _EXPORTS.items()}
        title = f"A collection: {rollouts} x two slots"
        tables.append(Table(title, header, _rows(_interleaved(exports, rounds, seconds), 1e3, "ms")))
    return tables


if __name__ == "__main__":
    print(described(), *(table.markdown() for table in run("--smoke" in sys.argv)), sep="\n\n")
