"""What the workers know of endpoints that are elsewhere, put together."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reliakit.cli.printing import plural
from reliakit.cli.reports import Seen
from reliakit.runtime.sighting import Endpoints

__all__ = ["Upstream", "upstreams"]


@dataclass(frozen=True, slots=True)
class Upstream:
    """One upstream.

    Attributes:
        name: of it.
        endpoints: how many it has.
        workers: live ones that know it.
        lost: how many of them know no endpoint of it that is well.
        unwell: (address, status) -> workers that have it so.
    """

    name: str
    endpoints: int
    workers: int
    lost: int
    unwell: Counter[tuple[str, str]]

    def line(self) -> str:
        """Returns "shop: 3 endpoints; http://10.0.1.5:8000 is ejected (2 of 4 workers)"."""
        told = [
            f"{address} is {status} ({count} of {plural(self.workers, 'worker')})"
            for (address, status), count in sorted(self.unwell.items())
        ]
        return f"{self.name}: {plural(self.endpoints, 'endpoint')}; {', '.join(told) or 'all are well'}"

    def problems(self) -> Iterator[str]:
        """Yields what somebody should look into."""
        if self.lost:
            yield f"{self.name}: no endpoint is well, say {self.lost} of {plural(self.workers, 'worker')}"


def upstreams(seen: Sequence[Seen]) -> tuple[Upstream, ...]:
    """Returns the upstreams that live workers tell of."""
    told: dict[str, list[Endpoints]] = {}
    for each in seen:
        for name, endpoints in each.about.upstreams.items() if each.live else ():
            told.setdefault(name, []).append(endpoints)
    return tuple(_upstream(name, each) for name, each in sorted(told.items()))


def _upstream(name: str, told: Sequence[Endpoints]) -> Upstream:
    unwell = Counter(pair for each in told for pair in each.unwell.items())
    total = max(each.total for each in told)
    return Upstream(name, total, len(told), sum(not each.well for each in told), unwell)
