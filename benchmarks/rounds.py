"""Times subjects of one process in turns, so that a slow moment of the machine hits all alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import thread_time

__all__ = ["Batch", "Timings", "interleaved", "timed"]

Batch = Callable[[int], object]
"""Makes so many calls."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Microseconds of processor time per call, one figure for each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.rounds)

    @property
    def least(self) -> float:
        """What the machine can do when nothing disturbs it."""
        return min(self.rounds)

    def over(self, base: "Timings") -> "Timings":
        """Returns what is added to `base`, round by round."""
        return Timings(tuple(own - other for own, other in zip(self.rounds, base.rounds, strict=True)))


def interleaved(subjects: Mapping[str, Batch], rounds: int, seconds: float) -> dict[str, Timings]:
    """Times every subject in every round, for about `seconds` each; one round more comes first and is dropped.

    The order is turned by one from round to round: whoever runs after a subject that leaves much garbage would
    otherwise always pay for it.
    """
    sizes = {name: _size(batch, seconds) for name, batch in subjects.items()}
    names = list(subjects)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        first = turn % len(names)
        for name in [*names[first:], *names[:first]]:
            samples[name].append(timed(subjects[name], sizes[name]))
    return {name: Timings(tuple(figures[1:])) for name, figures in samples.items()}


def _size(batch: Batch, seconds: float) -> int:
    """How many calls take about so long."""
    calls = 10
    while (each := timed(batch, calls) / 1e6) * calls < seconds / 10:
        calls *= 4
    return max(1, round(seconds / each))


def timed(batch: Batch, calls: int) -> float:
    """Returns the microseconds of processor time that each call took."""
    # Nothing here waits, so the thread's own processor time is all there is; by the clock on the wall, whatever
    # else the machine does would be on the bill.
    start = thread_time()
    batch(calls)
    return (thread_time() - start) / calls * 1e6
