"""What the clients saw, summed up as they go."""

from collections import Counter
from dataclasses import dataclass, field

from reliakit.cli.demo.answers import CANARY, STABLE, Answer
from reliakit.cli.demo.counted import Counted
from reliakit.cli.demo.people import People
from reliakit.core.histogram import BINS, bin_of, quantile

__all__ = ["Figures"]


def _empty() -> dict[str, list[int]]:
    return {slot: [0] * BINS for slot in (STABLE, CANARY)}


@dataclass(slots=True)
class Figures:
    """Counts of requests, and what every user has got.

    Attributes:
        sent: requests, whatever came of them.
        lost: why requests were not answered.
        asked: worker -> revision -> when the last request was sent (monotonic) that was answered by it.
    """

    sent: int = 0
    lost: list[str] = field(default_factory=list)
    counted: Counted = field(default_factory=Counted)
    people: People = field(default_factory=People)
    asked: dict[int, dict[str, float]] = field(default_factory=dict)
    _bins: dict[str, list[int]] = field(default_factory=_empty)

    def saw(self, answer: Answer) -> None:
        """Takes one answer."""
        evaluations = Counter(f"{key}, {reason}" for key, (_, reason) in answer.flags.items())
        self.counted.add(Counted(Counter([answer.slot]), Counter([answer.slot] * answer.failed), evaluations))
        self.people.saw(answer)
        self._bins[answer.slot][bin_of(answer.seconds)] += 1
        asked = self.asked.setdefault(answer.worker, {})
        asked[answer.revision] = max(answer.sent_at, asked.get(answer.revision, 0.0))

    def quantile(self, slot: str, share: float) -> float:
        """Returns how long `share` of a slot's answers took at most, in seconds; 0 before the first."""
        return quantile(self._bins[slot], share) or 0.0
