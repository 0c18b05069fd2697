"""What the metrics of one kit are read from."""

from collections.abc import Callable, Hashable, Iterable, Mapping

from reliakit.clock import Clock
from reliakit.core.tally import Series, Tallies
from reliakit.runtime.keeper import Keeper
from reliakit.telemetry.failover_metrics import RegionsAt
from reliakit.telemetry.reading import Standing

__all__ = ["Measured"]


class Measured:
    """The counts of a kit, in the form that telemetry asks for."""

    def __init__(self, tallies: Tallies, keeper: Keeper, clock: Clock) -> None:
        self._tallies, self._keeper, self._clock = tallies, keeper, clock
        self.in_flight: Callable[[], int] = lambda: 0
        """Tells how many requests of rollouts are under way."""

        self.standings: Callable[[], Iterable[Standing]] = tuple
        """Tells where the rollouts stand."""

        self.endpoints: Callable[[], Mapping[tuple[str, str], int]] = dict
        """Tells how many endpoints there are by (upstream, status)."""

        self.regions: Callable[[], Iterable[RegionsAt]] = tuple
        """Tells where regions stand that stand in for each other."""

    def counts(self) -> Mapping[Hashable, int]:
        return self._tallies.counts()

    def rows(self) -> Mapping[Hashable, Series]:
        return self._tallies.rows()

    def snapshot_age(self) -> float:
        return self._clock.monotonic() - self._keeper.state.loaded_at

    def reload_failures(self) -> int:
        return self._keeper.state.failures

    async def export(self) -> None:
        """Has OpenTelemetry report this kit from this process; OpenTelemetry is imported then, not before."""
        from reliakit.telemetry import watch

        watch(self)
