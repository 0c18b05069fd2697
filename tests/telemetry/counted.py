"""Something that counts as a kit does, and ways to look at what was collected. Imports no OpenTelemetry."""

from collections.abc import Iterator
from typing import Any

from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Assignment
from reliakit.core.tally import Tallies, record
from reliakit.telemetry.failover_metrics import RegionsAt
from reliakit.telemetry.reading import Standing


class Counted:
    """Real tallies behind the questions that telemetry asks of a kit."""

    def __init__(self) -> None:
        self.tallies = Tallies()
        self.counts, self.rows = self.tallies.counts, self.tallies.rows
        self.age, self.failures, self.flying = 0.0, 0, 0
        self.stands: list[Standing] = []
        self.upstreams: dict[tuple[str, str], int] = {}
        self.away: list[RegionsAt] = []

    def in_flight(self) -> int:
        return self.flying

    def standings(self) -> Iterator[Standing]:
        yield from self.stands

    def endpoints(self) -> dict[tuple[str, str], int]:
        return self.upstreams

    def regions(self) -> list[RegionsAt]:
        return self.away

    def snapshot_age(self) -> float:
        return self.age

    def reload_failures(self) -> int:
        return self.failures

    def serve(
        self,
        *seconds: float,
        outcome: Outcome = Outcome.SUCCESS,
        slot: str = "blue",
        rollout: str = "shop",
        assignment: Assignment = Assignment.SPLIT,
    ) -> None:
        """Records a request for each duration."""
        row = self.tallies.numbers.of((rollout, slot, assignment))
        for each in seconds:
            record(self.tallies.local.rows, row, outcome, each)


def metrics(data: Any) -> dict[str, Any]:
    """Returns everything collected: metric name -> metric."""
    return {metric.name: metric for metric in _metrics(data)}


def points(data: Any, name: str) -> dict[tuple[str, ...], Any]:
    """Returns the points of one metric: attribute values, in the order of their names -> value or histogram point."""
    found = metrics(data).get(name)
    return (
        {_values(point): getattr(point, "value", point) for point in found.data.data_points} if found else {}
    )


def _values(point: Any) -> tuple[str, ...]:
    return tuple(value for _, value in sorted(point.attributes.items()))


def _metrics(data: Any) -> Iterator[Any]:
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            yield from scope.metrics
