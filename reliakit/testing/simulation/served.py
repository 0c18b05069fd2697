"""The truth: what was really served, and what the store was told of it, kept without any code that is on trial."""

from collections import Counter
from dataclasses import dataclass, field

from reliakit.stores.protocol import Receipt, Report

__all__ = ["Kind", "Ledger", "Life"]

_SURE_AGAIN = 3
"""Answers after which a store knows again what it has lost."""
Kind = tuple[int, str, str, str]
"""Number of the release, slot, assignment, outcome."""


@dataclass
class Life:
    """What one process has served, from its start to its end.

    Attributes:
        served: since it began.
        names: of its incarnations, oldest first.
        making: what it had served when it made its last report.
        told: the same of the last report that the store has accepted.
        last: incarnation and sequence of that report.
        unsure: answers until everything that was told has to be in the store again, which has lost it.
    """

    served: Counter[Kind] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)
    making: Counter[Kind] = field(default_factory=Counter)
    told: Counter[Kind] = field(default_factory=Counter)
    unsure: int = 0
    last: tuple[str, int] = ("", 0)

    def report(self, report: Report) -> None:
        """Notes that a report is sent; one that is sent again holds no more than it did."""
        if self.last != (report.worker, report.sequence):
            self.last, self.making = (report.worker, report.sequence), self.served.copy()

    def answered(self, receipt: Receipt) -> None:
        """Notes what the store has said to it."""
        if receipt.accepted:
            self.told, self.unsure = self.making, max(0, self.unsure - 1)

    def forgotten(self) -> None:
        """Notes that the store has lost everything. Of earlier incarnations nobody can tell it again."""
        self.unsure = _SURE_AGAIN if len(self.names) < 2 else 1_000_000


@dataclass
class Ledger:
    """What all have served, and a second account of what the store was told."""

    rollout: str
    served: Counter[Kind] = field(default_factory=Counter)
    accepted: dict[str, Counter[str]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    sums: Counter[str] = field(default_factory=Counter)
    """What the sum of every series has to be."""

    def serve(self, life: Life, kind: Kind, count: int) -> None:
        """Notes that requests were served."""
        self.served[kind] += count
        life.served[kind] += count

    def take(self, report: Report) -> bool:
        """Notes a report that the store has accepted; one that came too late changes nothing. Tells which it was."""
        if report.sequence <= self.sequences.get(report.worker, -1):
            return False
        self.sequences[report.worker] = report.sequence
        before = self.accepted.setdefault(report.worker, Counter())
        for name, total in report.totals.items():
            self.sums[name] += total - before[name]
            before[name] = total
        return True

    def absorb(self, prefix: str, into: str) -> None:
        """Notes that the counts of a release were merged into others."""
        for name in [name for name in self.sums if name.startswith(prefix)]:
            self.sums[into + name.removeprefix(prefix)] += self.sums.pop(name)

    def lose(self) -> None:
        """Notes that the store has lost everything."""
        for each in (self.accepted, self.sequences, self.sums):
            each.clear()

    def named(self, kind: Kind) -> str:
        """Returns the name of the series that counts this kind."""
        number, slot, assignment, outcome = kind
        return f"r|{self.rollout}|{number}|{slot}|{assignment}||{outcome}"

    def counted(self, life: Life, kind: Kind) -> int:
        """Returns how many of this kind the store was told of by one process."""
        name = self.named(kind)
        return sum(self.accepted[each].get(name, 0) for each in life.names if each in self.accepted)

    def requests(self, number: int, slot: str) -> int:
        """Returns how many requests that say something were split to a slot since the release began."""
        said = ("success", "error", "client_error")
        return sum(self.served[number, slot, "split", each] for each in said)
