"""Exact counts by name, from any number of threads, without a lock where they are made.

A counter is an `itertools.count`, and counting is `next`: one C call that no other thread can come between (the GIL
keeps it whole; free-threaded builds from 3.14 on make it atomic). It costs two thirds of a thread's own list, which
has to be found by `threading.local` first, and leaves nothing to fold when threads end (docs/adr/0004).

Reading a counter advances it too, so the reader remembers how often it has looked.
"""

import threading
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

from reliakit.core.evaluation import ErrorCode, Reason

Problem = Literal["missing", "mistyped"]

AtUpstream = Literal["check", "failure", "ejection", "retry", "rejection", "mirror", "failover", "rolling"]

__all__ = [
    "AtUpstream",
    "Counters",
    "Failed",
    "Given",
    "Happened",
    "Ignored",
    "Met",
    "Missed",
    "Tracked",
    "Unknown",
]


@dataclass(frozen=True, slots=True)
class Given:
    """A flag gave an answer, or could not."""

    flag: str
    variant: str | None
    reason: Reason
    error: ErrorCode | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """A rule asked for an attribute that was not there, or of the wrong kind."""

    flag: str
    attribute: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Unknown:
    """Somebody asked for a flag that no definition has."""

    flag: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something of reliakit's own failed, and the request went on without it."""

    what: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """A request reported a business metric, for the first time."""

    rollout: str
    slot: str
    number: int
    metric: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A business metric was reported where it is evidence about no release."""

    metric: str


@dataclass(frozen=True, slots=True)
class Happened:
    """This process has brought about an event of a rollout."""

    rollout: str
    what: str


@dataclass(frozen=True, slots=True)
class Met:
    """Something was met with at an upstream that is elsewhere; `which` is one of a few words for each `what`."""

    upstream: str
    what: AtUpstream
    which: str


class Counters:
    """Counters by name. A name keeps its counter, so totals are cumulative for the life of the process."""

    def __init__(self) -> None:
        self._counters: dict[Hashable, Iterator[int]] = {}
        self._looks: dict[Hashable, int] = {}
        self._before: dict[Hashable, int] = {}
        self._reading = threading.Lock()

    def of(self, name: Hashable) -> Iterator[int]:
        """Returns the counter of `name`: `next` on it counts one."""
        known = self._counters.get(name)
        return self._counters.setdefault(name, count()) if known is None else known

    def add(self, name: Hashable) -> None:
        """Counts one by name."""
        next(self.of(name))

    def totals(self) -> dict[Hashable, int]:
        """Returns what was counted in this process, without zeros."""
        with self._reading:
            found = {name: self._look(name) - self._before.get(name, 0) for name in self._counters.copy()}
        return {name: total for name, total in found.items() if total}

    def after_fork(self) -> None:
        """Forgets what the parent counted: the parent reports it."""
        self._reading = threading.Lock()
        self._before = {name: self._look(name) for name in self._counters}

    def _look(self, name: Hashable) -> int:
        total = next(self._counters[name]) - self._looks.get(name, 0)
        self._looks[name] = self._looks.get(name, 0) + 1
        return total
