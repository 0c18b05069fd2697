"""Exact counts from many threads, without a lock where they are made.

Every thread writes into a tally of its own, so each has one writer; the reader sums them. When a thread ends, its
tally is handed over and folded into a base the next time anybody reads, or a crowd of them has gathered.

Cells are handed out by name and never taken back: a name keeps its cell over every reload, so totals are
cumulative for the life of the process.
"""

import threading
from collections import deque
from collections.abc import Hashable, Mapping
from itertools import count
from operator import add
from typing import Any

from reliakit.core.histogram import BINS, bin_of
from reliakit.core.outcome import Outcome

__all__ = ["Cells", "Local", "Series", "Tallies", "Tally", "record"]

_SUM = len(Outcome)
_FIRST_BIN = _SUM + 1
_SPARE = 256
_CROWD = 16
_SECOND = 1_000_000_000


class Cells:
    """Hands out one number for each name, the same one every time."""

    __slots__ = ("_next", "_numbers")

    def __init__(self) -> None:
        self._next = count()
        self._numbers: dict[Hashable, int] = {}

    def number(self, name: Hashable) -> int:
        """Returns the cell of `name`; atomic without a lock, since `setdefault` is."""
        known = self._numbers.get(name)
        return self._numbers.setdefault(name, next(self._next)) if known is None else known

    def names(self) -> Mapping[Hashable, int]:
        """Returns a copy of all names with their cells."""
        return dict(self._numbers)

    def __len__(self) -> int:
        return max(self._numbers.copy().values(), default=-1) + 1


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


class Tally:
    """The counts of one thread."""

    __slots__ = ("counts", "series")

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.series: dict[int, Series] = {}


def record(tally: Tally, series: int, outcome: Outcome, seconds: float) -> None:
    """Records one finished request in the calling thread's own tally."""
    try:
        row = tally.series[series]
    except KeyError:
        row = tally.series[series] = Series.empty()
    row[outcome] += 1
    row[_SUM] += seconds
    row[_FIRST_BIN + bin_of(seconds)] += 1


class _Handover:
    """Lives in a thread's local storage; when the thread ends, tells the reader whose tally is complete."""

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
        """Gives the calling thread an empty tally."""
        self.tally, self._handover = tallies.enlist()
        self.counts = self.tally.counts


class Tallies:
    """All tallies of a process. Writers use `local`; readers call the methods."""

    def __init__(self) -> None:
        self.cells = Cells()
        self.series = Cells()
        self._start_over()
        self.local = Local(self)

    def _start_over(self) -> None:
        self._reading = threading.Lock()
        self._numbers = count()
        self._live: dict[int, Tally] = {}
        self._ended: deque[int] = deque()
        self._base_counts: list[int] = []
        self._base_rows: dict[int, list[int]] = {}

    def after_fork(self) -> None:
        """Forgets what the parent counted: the parent reports it."""
        self._start_over()
        self.local.renew(self)

    def enlist(self) -> tuple[Tally, _Handover]:
        """Opens a tally for the calling thread; `Local` calls it."""
        number, tally = next(self._numbers), Tally()
        self._live[number] = tally
        if len(self._ended) >= _CROWD:
            self._tidy()
        return tally, _Handover(self._ended, number)

    def _tidy(self) -> None:
        """Folds ended tallies where nobody reads, as in a server of a thread per request without metrics."""
        if self._reading.acquire(blocking=False):
            try:
                self._fold()
            finally:
                self._reading.release()

    def grow(self) -> list[int]:
        """Makes room in the calling thread's tally for every cell there is, and returns it."""
        counts = self.local.counts
        counts.extend([0] * (len(self.cells) + _SPARE - len(counts)))
        return counts

    def add(self, name: Hashable, amount: int = 1) -> None:
        """Counts something rare by its name."""
        cell, counts = self.cells.number(name), self.local.counts
        if cell >= len(counts):
            counts = self.grow()
        counts[cell] += amount

    def counts(self) -> dict[Hashable, int]:
        """Returns the total of every cell by its name, of live and ended threads alike."""
        with self._reading:
            self._fold()
            total = self._base_counts
            for tally in list(self._live.values()):
                total = _sum(total, tally.counts.copy())  # its thread may make it longer meanwhile
        return {name: total[cell] for name, cell in self.cells.names().items() if cell < len(total)}

    def rows(self) -> dict[Hashable, Series]:
        """Returns the total of every series by its name."""
        with self._reading:
            self._fold()
            total = self._base_rows.copy()
            for tally in list(self._live.values()):
                _add_rows(total, tally)
        return {
            name: _series(total[number]) for name, number in self.series.names().items() if number in total
        }

    def __len__(self) -> int:
        """How many threads have a tally that is not folded into the base yet."""
        with self._reading:
            self._fold()
            return len(self._live)

    def _fold(self) -> None:
        while self._ended:
            tally = self._live.pop(self._ended.popleft())
            self._base_counts = _sum(self._base_counts, tally.counts)
            _add_rows(self._base_rows, tally)


def _add_rows(total: dict[int, list[int]], tally: Tally) -> None:
    for number, row in tally.series.copy().items():
        total[number] = _sum(total.get(number, []), _whole(row))


def _whole(row: Series) -> list[int]:
    """Returns a copy with the seconds as whole nanoseconds.

    Floats add up to one sum or another, depending on whose tally was folded first; a total that goes down by the
    last bit looks like a restart to whoever collects it.
    """
    return [*row[:_SUM], round(row[_SUM] * _SECOND), *row[_FIRST_BIN:]]


def _series(whole: list[int]) -> Series:
    return Series([*whole[:_SUM], whole[_SUM] / _SECOND, *whole[_FIRST_BIN:]])


def _sum(left: list[int], right: list[int]) -> list[int]:
    """Adds place by place; the shorter one has zeros where it ends."""
    common = min(len(left), len(right))
    return [*map(add, left, right), *left[common:], *right[common:]]
