"""What a release has shown so far: its tests, the cursor of what is in them, and the time that has passed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.rollouts.analysis import Analysis
from reliakit.rollouts.bursts import Incidents
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.served import Place, Served
from reliakit.rollouts.usual import Usual

__all__ = ["Evidence", "Pending", "Spent"]


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds, accrued fold by fold and never more than a few at once, so that a clock which jumps promotes nothing.

    Attributes:
        release: since it began.
        step: in the present step, while it was running.
        waiting: in the present wait: a timed pause, or the window after success.
        idle: since the canary last had a request.
    """

    release: float = 0.0
    step: float = 0.0
    waiting: float = 0.0
    idle: float = 0.0


@dataclass(frozen=True, slots=True)
class Pending:
    """Errors of one locality that are known and in no block yet, each client once; None where the bits of a window
    were too many to count, so that the block has to be dropped.
    """

    errors: tuple[int, int] | None = (0, 0)
    client_errors: tuple[int, int] | None = (0, 0)
    incidents: Incidents = field(default_factory=Incidents)
    client_incidents: Incidents = field(default_factory=Incidents)

    def to_record(self) -> list[Any]:
        """Returns what JSON can hold."""
        errors = [pair and list(pair) for pair in (self.errors, self.client_errors)]
        return [*errors, self.incidents.to_record(), self.client_incidents.to_record()]

    @classmethod
    def from_record(cls, record: list[Any]) -> "Pending":
        """Reads `to_record`."""
        errors, client_errors = (pair and (pair[0], pair[1]) for pair in record[:2])
        incidents, client_incidents = map(Incidents.from_record, record[2:4])
        return cls(errors, client_errors, incidents, client_incidents)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of one release.

    Attributes:
        analysis: all tests.
        at: the clock at the last fold.
        spent: time so far.
        cursor: what had been served by place when it was last folded: what comes on top is the next block.
        pending: by locality.
        looked: guard -> its requests and bad ones when it last looked; `canary` -> requests of the canary, and of
            what ran beside it.
        step_requests: of the canary since the step began.
        settled: whether every live worker has reported the present weight, so that the split can be judged.
        noted: what has been journalled once and is not to be again.
        behind: seconds for which the counts have been lower than the cursor.
    """

    analysis: Analysis
    at: float
    spent: Spent = field(default_factory=Spent)
    cursor: Mapping[Place, Served] = field(default_factory=dict)
    pending: Mapping[str, Pending] = field(default_factory=dict)
    looked: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    step_requests: int = 0
    settled: bool = False
    noted: frozenset[str] = frozenset()
    behind: float = 0.0

    @property
    def usual(self) -> Usual:
        """How often stable fails, as far as this release knows."""
        return self.analysis.errors.promotion.usual

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        spent = self.spent
        return stamped(
            "evidence",
            analysis=self.analysis.to_record(),
            at=self.at,
            spent=[spent.release, spent.step, spent.waiting, spent.idle],
            cursor=[[list(place), served.to_record()] for place, served in sorted(self.cursor.items())],
            pending={locality: each.to_record() for locality, each in sorted(self.pending.items())},
            looked={name: list(pair) for name, pair in sorted(self.looked.items())},
            step=[self.step_requests, self.settled],
            noted=sorted(self.noted),
            behind=self.behind,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Evidence":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("evidence", record)
        step_requests, settled = fields["step"]
        return cls(
            Analysis.from_record(fields["analysis"]),
            fields["at"],
            Spent(*fields["spent"]),
            {_place(place): Served.from_record(served) for place, served in fields["cursor"]},
            {locality: Pending.from_record(each) for locality, each in fields["pending"].items()},
            {name: (requests, bad) for name, (requests, bad) in fields["looked"].items()},
            step_requests,
            settled,
            frozenset(fields["noted"]),
            fields["behind"],
        )


def _place(written: list[str]) -> Place:
    slot, assignment, locality = written
    return slot, assignment, locality
