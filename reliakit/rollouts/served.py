"""What was served so far: cumulative counts of a slot, and how they are named where workers share them.

A series is named `r|rollout|number|slot|assignment|locality|what`, where `number` is that of the release, and `what`
is an outcome, `b17` for a bin of the log histogram, or `m:name` for a business metric. A set of incident bits is named
`r|rollout|number|slot|what|locality|window`. No name that users choose can hold a `|`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.core.outcome import Outcome
from reliakit.rollouts.durations import Bins

__all__ = [
    "NOTHING",
    "CountsLost",
    "Place",
    "Served",
    "gather",
    "incident_set",
    "incidents_in",
    "localities",
    "prefix_of",
    "series",
]

Place = tuple[str, str, str]
"""Slot, assignment, locality."""

_OUTCOMES = {outcome.name.lower(): outcome for outcome in Outcome}


class CountsLost(ValueError):
    """Cumulative counts went down: they are an old reading, or the store has lost what it held."""


@dataclass(frozen=True, slots=True)
class Served:
    """Cumulative counts of one place.

    Attributes:
        outcomes: a count for each `Outcome`.
        bins: durations, by bin of the log histogram.
        metrics: requests for which each business metric was reported.
    """

    outcomes: tuple[int, ...] = (0,) * len(Outcome)
    bins: Bins = field(default_factory=dict)
    metrics: Mapping[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """Those that say something about a version: who left early, and what we injected, does not."""
        outcomes = self.outcomes
        return outcomes[_SUCCESS] + outcomes[_ERROR] + outcomes[_CLIENT_ERROR]

    def minus(self, earlier: "Served") -> "Served":
        """Returns what came since.

        Raises:
            CountsLost: something went down, so that the two are not of one history.
        """
        outcomes = tuple(now - then for now, then in zip(self.outcomes, earlier.outcomes, strict=True))
        bins, metrics = _less(self.bins, earlier.bins), _less(self.metrics, earlier.metrics)
        if min((*outcomes, *bins.values(), *metrics.values()), default=0) < 0:
            raise CountsLost("counts went down")
        return Served(outcomes, bins, metrics)

    def to_record(self) -> list[Any]:
        """Returns what JSON can hold, as short as it can be: states are full of these."""
        bins = [number for pair in sorted(self.bins.items()) for number in pair]
        return [list(self.outcomes), bins, dict(sorted(self.metrics.items()))]

    @classmethod
    def from_record(cls, record: list[Any]) -> "Served":
        """Reads `to_record`, also that of a version with fewer outcomes, or more."""
        written, bins, metrics = record
        outcomes = (*written, *(0 for _ in Outcome))[: len(Outcome)]
        return cls(outcomes, dict(zip(bins[::2], bins[1::2], strict=True)), metrics)


_SUCCESS, _ERROR, _CLIENT_ERROR = map(int, (Outcome.SUCCESS, Outcome.ERROR, Outcome.CLIENT_ERROR))
NOTHING = Served()


def _less(now: Mapping[Any, int], then: Mapping[Any, int]) -> dict[Any, int]:
    known = then.get
    changed = {key: more for key, count in now.items() if (more := count - known(key, 0))}
    return (
        changed
        if then.keys() <= now.keys()
        else changed | {key: -then[key] for key in then.keys() - now.keys()}
    )


def prefix_of(rollout: str, number: int) -> str:
    """Returns how the names of all series and sets of one release start."""
    return f"r|{rollout}|{number}|"


def series(rollout: str, number: int, place: Place, what: str) -> str:
    """Returns the name of a series."""
    return f"{prefix_of(rollout, number)}{'|'.join(place)}|{what}"


def gather(sums: Mapping[str, int], rollout: str, number: int) -> dict[Place, Served]:
    """Returns what one release's series say, by place; names that this version does not know are left alone."""
    found: dict[Place, tuple[list[int], dict[int, int], dict[str, int]]] = {}
    start = prefix_of(rollout, number)
    for name, count in sums.items():
        if name.startswith(start):
            slot, assignment, locality, what = name[len(start) :].split("|", 3)
            place = found.setdefault((slot, assignment, locality), ([0] * len(Outcome), {}, {}))
            _put(place, what, count)
    return {
        place: Served(tuple(outcomes), bins, metrics) for place, (outcomes, bins, metrics) in found.items()
    }


def _put(place: tuple[list[int], dict[int, int], dict[str, int]], what: str, count: int) -> None:
    outcomes, bins, metrics = place
    if what in _OUTCOMES:
        outcomes[_OUTCOMES[what]] = count
    elif what.startswith("m:"):
        metrics[what[2:]] = count
    elif what.startswith("b") and what[1:].isdigit():
        bins[int(what[1:])] = count


def incident_set(rollout: str, number: int, slot: str, what: str, locality: str, window: int) -> str:
    """Returns the name of a set of incident bits; `what` is `errors` or `client_errors`."""
    return f"{prefix_of(rollout, number)}{slot}|{what}|{locality}|{window}"


def incidents_in(
    marks: Mapping[str, int], rollout: str, number: int
) -> Iterator[tuple[str, str, str, int, int]]:
    """Yields (slot, what, locality, window, bits) of one release."""
    start = prefix_of(rollout, number)
    for name, bits in marks.items():
        if name.startswith(start):
            slot, what, locality, window = name[len(start) :].split("|")
            yield slot, what, locality, int(window), bits


def localities(places: Iterable[Place]) -> list[str]:
    """Returns the localities in which there is anything, sorted."""
    return sorted({locality for _, _, locality in places})
