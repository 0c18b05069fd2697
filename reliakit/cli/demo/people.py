"""What each user has got so far, and whether anybody was treated badly."""

from collections import Counter
from collections.abc import Mapping

from reliakit.cli.demo.answers import STABLE, Answer
from reliakit.cli.demo.flags_file import FLAG

__all__ = ["People"]


class People:
    """Remembers the latest answer of every user under every revision of the flags.

    Attributes:
        judging: whether who keeps what follows from the demo's own edit; a person's edit may mean anything.
        flapped: users who got two slots under one revision, or were taken from the canary though it grew.
        robbed: users who got two variants of a flag under one revision, or lost the flag though it grew.
    """

    def __init__(self) -> None:
        self.judging = True
        self.flapped: set[int] = set()
        self.robbed: set[int] = set()
        self._answers: dict[int, dict[str, Answer]] = {}
        self._latest: dict[int, Answer] = {}

    def __len__(self) -> int:
        """How many users have had an answer."""
        return len(self._latest)

    def saw(self, answer: Answer) -> None:
        """Takes one answer."""
        earlier = self._answers.setdefault(answer.user, {})
        if self.judging:
            for other in earlier.values():
                self._judge(*sorted((other, answer), key=lambda each: each.revision))
        earlier[answer.revision] = self._latest[answer.user] = answer

    def having(self, flag: str, variant: str) -> int:
        """Returns how many users got that variant in their latest answer."""
        return self.variants().get(flag, Counter())[variant]

    def variants(self) -> dict[str, Counter[str]]:
        """Returns flag -> variant -> users, by their latest answers."""
        found: dict[str, Counter[str]] = {}
        for answer in self._latest.values():
            for flag, (variant, _) in answer.flags.items():
                found.setdefault(flag, Counter())[variant or "-"] += 1
        return found

    def slots(self) -> Mapping[str, int]:
        """Returns slot -> users, by their latest answers."""
        return Counter(answer.slot for answer in self._latest.values())

    def _judge(self, old: Answer, new: Answer) -> None:
        """Compares two answers to one user, the one of the older revision first."""
        same = old.revision == new.revision
        if old.slot != new.slot and (same or new.slot == STABLE):
            self.flapped.add(old.user)
        if (same and old.flags != new.flags) or (_has(old) and not _has(new)):
            self.robbed.add(old.user)


def _has(answer: Answer) -> bool:
    return answer.flags[FLAG][0] == "on"
