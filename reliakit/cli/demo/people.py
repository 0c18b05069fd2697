"""What each user has got so far, and whether anybody was treated badly."""

from collections import Counter
from collections.abc import Mapping
from math import inf

from reliakit.cli.demo.answers import Answer
from reliakit.cli.demo.flags_file import FLAG

__all__ = ["People"]

_HEARD_WITHIN = 3.0
"""Seconds in which every worker has heard of a new weight, also where the store does not push and the machine is busy."""


class People:
    """Remembers the latest answer of every user under every revision of the flags, and which versions they met.

    Attributes:
        judging: whether who keeps what follows from the demo's own edit; a person's edit may mean anything.
        robbed: users who got two variants of a flag under one revision, or lost the flag though it grew.
    """

    def __init__(self) -> None:
        self.judging = True
        self.robbed: set[int] = set()
        self._answers: dict[int, dict[str, Answer]] = {}
        self._latest: dict[int, Answer] = {}
        self._met: dict[int, list[Answer]] = {}

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
        self._met.setdefault(answer.user, []).append(answer)

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

    def versions(self) -> Mapping[str, int]:
        """Returns version -> users, by their latest answers."""
        return Counter(answer.version for answer in self._latest.values())

    def taken_from(self, version: str, until: float = inf) -> int:
        """Returns how many users met a version and then another one before `until` (monotonic), though its share
        only grew. While workers hear of a new weight one after the other, who is new to the canary may meet both.
        """
        return sum(_taken(met, version, until) for met in self._met.values())

    def _judge(self, old: Answer, new: Answer) -> None:
        """Compares two answers to one user, the one of the older revision first."""
        same = old.revision == new.revision
        if (same and old.flags != new.flags) or (_has(old) and not _has(new)):
            self.robbed.add(old.user)


def _taken(met: list[Answer], version: str, until: float) -> bool:
    # Nobody knows when in between a request was routed: on a busy machine an answer may take a second.
    first = min((each.came_at for each in met if each.version == version), default=inf)
    others = (each for each in met if each.version != version)
    return any(first + _HEARD_WITHIN < each.sent_at and each.came_at < until for each in others)


def _has(answer: Answer) -> bool:
    return answer.flags[FLAG][0] == "on"
