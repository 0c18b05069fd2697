"""Outcomes and durations of requests, exact under threads, without a lock where they are recorded.

Every thread writes into rows of its own, so each has one writer; the reader sums them. When a thread ends, its
rows are handed over and folded into a base the next time anybody reads, or a crowd of them has gathered.

Rows have numbers, handed out by name and never taken back: a name keeps its row over every reload, so totals are
cumulative for the life of the process.
"""

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Hashable, Mapping
from itertools import count
from operator import add
from typing import Any

from reliakit.core.counters import Counters
from reliakit.core.histogram import BINS, EDGES
from reliakit.core.outcome import Outcome

__all__ = ["Local", "Numbers", "Rows", "Series", "Tallies", "record"]

_MOST_FAILED = 65_536
_SUM = len(Outcome)
_FIRST_BIN = _SUM + 1
_CROWD = 16
_SECOND = 1_000_000_000


class Numbers:
    """Hands out one number for each name, the same one every time."""

    __slots__ = ("_next", "_numbers")

    def __init__(self) -> None:
        self._next = count()
        self._numbers: dict[Hashable, int] = {}

    def of(self, name: Hashable) -> int:
        """Returns the number of `name`; atomic without a lock, since `setdefault` is."""
        known = self._numbers.get(name)
        return self._numbers.setdefault(name, next(self._next)) if known is None else known

    def names(self) -> Mapping[Hashable, int]:
        """Returns a copy of all names with their numbers."""
        return dict(self._numbers)


class Series(list[Any]):
    """What is recorded of one kind of request: a count for each outcome, the sum of seconds, the fine bins."""

    __slots__ = ()

    @classmethod
    def empty(cls) -> "Series":
        return cls([0] * _SUM + [0.0] + [0] * BINS)

    def outcomes(self) -> dict[Outcome, int]:
        return dict(zip(Outcome, self, strict=False))

    @property
    def seconds(self) -> float:
        """The sum of all durations."""
        return float(self[_SUM])

    @property
    def bins(self) -> list[int]:
        return self[_FIRST_BIN:]


Rows = dict[int, list[Any]]
"""The rows of one thread, by number. Plain lists: a subclass takes twice as long to count in."""


def record(rows: Rows, number: int, outcome: Outcome, seconds: float) -> None:
    """Records one finished request in the calling thread's own rows."""
    try:
        row = rows[number]
    except KeyError:
        row = rows[number] = list(Series.empty())
    row[outcome] += 1
    row[_SUM] += seconds
    row[_FIRST_BIN + bisect_left(EDGES, seconds)] += 1


class _Handover:
    """Lives in a thread's local storage; when the thread ends, tells the reader whose rows are complete."""

    __slots__ = ("ended", "number")

    def __init__(self, ended: "deque[int]", number: int) -> None:
        self.ended, self.number = ended, number

    def __del__(self) -> None:
        self.ended.append(self.number)


class Local(threading.local):
    """A thread's own view: made anew for each thread that touches it."""

    def __init__(self, tallies: "Tallies") -> None:
        self.renew(tallies)

    def renew(self, tallies: "Tallies") -> None:
        """Gives the calling thread empty rows."""
        self.rows, self._handover = tallies.enlist()


class Tallies:
    """All that is counted in a process. Writers use `local` and `counters`; readers call the methods.

    Attributes:
        failed: (row, targeting key or None, outcome) of each request that failed since somebody last took them away;
            of very many only the last. Appending to a `deque` is atomic.
    """

    def __init__(self) -> None:
        self.counters = Counters()
        self.numbers = Numbers()
        self._start_over()
        self.local = Local(self)

    def _start_over(self) -> None:
        self._reading = threading.Lock()
        self._threads = count()
        self._live: dict[int, Rows] = {}
        self._ended: deque[int] = deque()
        self.failed: deque[tuple[int, str | None, Outcome]] = deque(maxlen=_MOST_FAILED)
        self._base: dict[int, list[int]] = {}

    def after_fork(self) -> None:
        """Forgets what the parent counted: the parent reports it."""
        self.counters.after_fork()
        self._start_over()
        self.local.renew(self)

    def enlist(self) -> tuple[Rows, _Handover]:
        """Opens rows for the calling thread; `Local` calls it."""
        thread, rows = next(self._threads), Rows()
        self._live[thread] = rows
        if len(self._ended) >= _CROWD:
            self._tidy()
        return rows, _Handover(self._ended, thread)

    def _tidy(self) -> None:
        """Folds rows of ended threads where nobody reads, as in a server of a thread per request without metrics."""
        if self._reading.acquire(blocking=False):
            try:
                self._fold()
            finally:
                self._reading.release()

    def counts(self) -> dict[Hashable, int]:
        """Returns the total of every counter by its name, without zeros."""
        return self.counters.totals()

    def rows(self) -> dict[Hashable, Series]:
        """Returns the total of every row by its name, of live and ended threads alike."""
        with self._reading:
            self._fold()
            total = self._base.copy()
            for rows in list(self._live.values()):
                _add(total, rows)
        return {
            name: _series(total[number]) for name, number in self.numbers.names().items() if number in total
        }

    def __len__(self) -> int:
        """How many threads have rows that are not folded into the base yet."""
        with self._reading:
            self._fold()
            return len(self._live)

    def _fold(self) -> None:
        while self._ended:
            _add(self._base, self._live.pop(self._ended.popleft()))


def _add(total: dict[int, list[int]], rows: Rows) -> None:
    for number, row in rows.copy().items():
        whole = _whole(row)
        total[number] = list(map(add, total[number], whole)) if number in total else whole


def _whole(row: list[Any]) -> list[int]:
    """Returns a copy with the seconds as whole nanoseconds.

    Floats add up to one sum or another, depending on whose rows were folded first; a total that goes down by the
    last bit looks like a restart to whoever collects it.
    """
    return [*row[:_SUM], round(row[_SUM] * _SECOND), *row[_FIRST_BIN:]]


def _series(whole: list[int]) -> Series:
    return Series([*whole[:_SUM], whole[_SUM] / _SECOND, *whole[_FIRST_BIN:]])
