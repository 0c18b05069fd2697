"""What a worker publishes: everything that it has counted, by series, and the clients that failed."""

import os
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import compress

from reliakit.core.counters import Given, Tracked
from reliakit.core.histogram import log_bins
from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Assignment, RowName
from reliakit.core.tally import Series, Tallies
from reliakit.rollouts.bursts import BITS, bit_of
from reliakit.rollouts.served import incident_set, series
from reliakit.stores.protocol import Receipt, Report

__all__ = ["FLAGS", "Publisher", "counted"]

FLAGS = "f|"
"""How the series of flag evaluations start: `f|flag|variant|reason`."""
_NANOSECONDS = 1_000_000_000
_NAMED = 5
"""The parts of a row's name."""
_WHAT = {Outcome.ERROR: "errors", Outcome.CLIENT_ERROR: "client_errors"}


def counted(tallies: Tallies) -> dict[str, int]:
    """Returns all that a process has counted, by the names of series that workers share."""
    found: dict[str, int] = {}
    for name, row in tallies.rows().items():
        if isinstance(name, tuple) and len(name) == _NAMED:
            found.update(_row(name, row))
    for counter, count in tallies.counts().items():
        if isinstance(counter, Given):
            found[f"{FLAGS}{counter.flag}|{counter.variant or ''}|{counter.reason.lower()}"] = count
        elif isinstance(counter, Tracked):
            place = (counter.slot, Assignment.SPLIT.value, "")
            found[series(counter.rollout, counter.number, place, f"m:{counter.metric}")] = count
    return found


def _row(name: RowName, row: Series) -> Mapping[str, int]:
    rollout, slot, assignment, number, locality = name
    place = (slot, assignment.value, locality)
    whats = {outcome.name.lower(): count for outcome, count in row.outcomes().items()}
    bins = log_bins(row.bins)
    whats |= {f"b{number}": bins[number] for number in compress(range(len(bins)), bins)}  # most are empty
    whats["ns"] = round(row.seconds * _NANOSECONDS)
    return {series(rollout, number, place, what): count for what, count in whats.items() if count}


@dataclass(slots=True)
class Publisher:
    """Makes reports, and keeps account of which were counted.

    Totals are cumulative for an incarnation, so a report may be sent twice, late, or never. A worker whose
    incarnation was retired begins another with what that one had not published: nothing is lost and nothing is
    counted twice.

    Args:
        tallies: of the process.
        name: makes the name of an incarnation.
        chance: for failed requests of which nobody knows a key.
        others: tells what else is counted, by series.
    """

    tallies: Tallies
    name: Callable[[], str]
    chance: random.Random = field(default_factory=random.Random)
    others: Callable[[], Mapping[str, int]] = dict
    sequence: int = 0
    _worker: str = ""
    _process: int = 0
    _base: dict[str, int] = field(default_factory=dict)
    _confirmed: dict[str, int] = field(default_factory=dict)
    _sent: dict[str, int] = field(default_factory=dict)
    _last: Report = field(default_factory=lambda: Report("", 0))
    _doubtful: bool = False
    _marks: dict[str, set[int]] = field(default_factory=dict)
    _bits: dict[str, set[int]] = field(default_factory=dict)
    _again: bool = False
    _window: int = 0

    def __post_init__(self) -> None:
        self._worker, self._process = self.name(), os.getpid()

    @property
    def worker(self) -> str:
        """The incarnation. A process that was forked is another one: under its parent's name, the reports of one would be
        taken for old ones of the other, and their counts lost.
        """
        if os.getpid() != self._process:
            self._worker, self._process, self.sequence = self.name(), os.getpid(), 0
            self._base, self._confirmed, self._sent, self._marks, self._bits = {}, {}, {}, {}, {}
            self._doubtful = False
        return self._worker

    def report(self, window: int, about: str) -> Report:
        """Returns what has changed since the last report that was counted, and every mark since.

        While nobody knows whether a report was counted, it is sent again as it was: so at most one is ever in doubt,
        however long the store is away.

        Args:
            window: the incident window of the store's clock.
            about: what the worker says of itself.
        """
        worker = self.worker
        self._mark(window)
        self._again = self._doubtful
        if self._again:
            return replace(self._last, about=about)
        self.sequence += 1
        self._sent = self.totals()
        changed = {
            name: total - self._base.get(name, 0)
            for name, total in self._sent.items()
            if total != self._confirmed.get(name, 0)
        }
        marks = {name: frozenset(bits) for name, bits in self._marks.items()}
        self._last, self._marks, self._doubtful = (
            Report(worker, self.sequence, changed, marks, about),
            {},
            True,
        )
        return self._last

    def totals(self) -> dict[str, int]:
        """Returns all that was counted, by series, since the process began."""
        return {**counted(self.tallies), **self.others()}

    def bits(self) -> dict[str, int]:
        """Returns how many bits this worker has set, by set, in the window of the last report."""
        return {name: len(bits) for name, bits in self._bits.items()}

    def received(self, receipt: Receipt) -> bool:
        """Takes in what came of the last report; tells whether everything that it had to say was counted."""
        self._doubtful = False
        if not receipt.accepted:
            self._renew(counted=receipt.sequence >= self.sequence)
        elif self.sequence > 1 and (self._again or not receipt.known):
            # The store has lost everything, this worker's earlier totals too: it is told all of them again. So it is
            # after an answer that got lost, which may have said just that.
            self._confirmed = {}
        else:
            self._confirmed = self._sent
            return True
        return False

    def _renew(self, counted: bool) -> None:
        """Begins a new incarnation, which counts from where the retired one was counted to."""
        if not counted:
            for name, bits in self._last.marks.items():
                self._marks.setdefault(name, set()).update(bits)
        self._worker, self.sequence = self.name(), 0
        self._base = self._confirmed = self._sent if counted else self._confirmed

    def _mark(self, window: int) -> None:
        """Turns failed requests into the bits of their clients. Their window is that of the report: what could not
        be published for a while belongs to one incident.
        """
        if window != self._window:
            self._window, self._bits = window, {}
        names: dict[int, RowName] = {}
        failed, fresh = self.tallies.failed, defaultdict[str, set[int]](set)
        if failed:
            names = {
                row: name for name, row in self.tallies.numbers.names().items() if isinstance(name, tuple)
            }
        while failed:
            row, key, outcome = failed.popleft()
            rollout, slot, assignment, number, locality = names[row]
            if assignment is Assignment.SPLIT:
                name = incident_set(rollout, number, slot, _WHAT[outcome], locality, window)
                fresh[name].add(self.chance.randrange(BITS) if key is None else bit_of(key, window))
        for name, bits in fresh.items():
            self._marks.setdefault(name, set()).update(bits)
            self._bits.setdefault(name, set()).update(bits)
