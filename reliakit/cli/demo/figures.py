"""What the clients saw, summed up as they go."""

from collections import Counter
from dataclasses import dataclass, field

from reliakit.cli.demo.answers import Answer
from reliakit.cli.demo.counted import Counted
from reliakit.cli.demo.people import People
from reliakit.core.histogram import BINS, bin_of, quantile

__all__ = ["Figures", "Seen"]


@dataclass(slots=True)
class Seen:
    """What was seen of one version."""

    slot: str
    requests: int = 0
    errors: int = 0
    _bins: list[int] = field(default_factory=lambda: [0] * BINS)

    def saw(self, answer: Answer) -> None:
        """Takes one answer."""
        self.requests += 1
        self.errors += answer.failed
        self._bins[bin_of(answer.seconds)] += 1

    def quantile(self, share: float) -> float:
        """Returns how long `share` of the answers took at most, in seconds; 0 before the first."""
        return quantile(self._bins, share) or 0.0


@dataclass(slots=True)
class Figures:
    """Counts of requests, and what every user has got.

    Attributes:
        sent: requests, whatever came of them.
        broken: when (monotonic) a connection broke under a request, which was sent again then.
        lost: why requests were not answered at all.
        counted: worker -> account of what it answered.
        came: worker -> when its answers came.
        asked: worker -> revision -> when the last request was sent (monotonic) that was answered by it.
        versions: version -> what was seen of it.
    """

    sent: int = 0
    broken: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    people: People = field(default_factory=People)
    counted: dict[int, Counted] = field(default_factory=dict)
    came: dict[int, list[float]] = field(default_factory=dict)
    asked: dict[int, dict[str, float]] = field(default_factory=dict)
    versions: dict[str, Seen] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """Requests that got an answer."""
        return sum(seen.requests for seen in self.versions.values())

    def saw(self, answer: Answer) -> None:
        """Takes one answer."""
        evaluations = Counter(f"{key}, {reason}" for key, (_, reason) in answer.flags.items())
        account = self.counted.setdefault(answer.worker, Counted())
        account.add(Counted(Counter([answer.slot]), Counter([answer.slot] * answer.failed), evaluations))
        self.people.saw(answer)
        self.versions.setdefault(answer.version, Seen(answer.slot)).saw(answer)
        self.came.setdefault(answer.worker, []).append(answer.came_at)
        asked = self.asked.setdefault(answer.worker, {})
        asked[answer.revision] = max(answer.sent_at, asked.get(answer.revision, 0.0))

    def total(self) -> Counted:
        """Returns the account of all workers together."""
        total = Counted()
        for account in self.counted.values():
            total.add(account)
        return total
