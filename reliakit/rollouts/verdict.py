"""What a test says, as data: the state machine acts on it, the journal keeps it, people read its sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.interval import Estimate
from reliakit.rollouts.records import Record, opened, stamped

__all__ = ["Advice", "Verdict"]


class Advice(StrEnum):
    """What a test asks for."""

    WAIT = "wait"
    PROMOTE = "promote"
    HOLD = "hold"
    WARN = "warn"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One test of one metric at one moment.

    Attributes:
        test: which: `rollback`, `promotion`, `mismatch`, `guard`, `ratio`.
        metric: of what: `errors`, `client_errors`, `latency`, `requests`, or a business metric's name.
        advice: what follows.
        value: what is compared with the threshold: E, or a share.
        threshold: at which the advice is given.
        counts: of both slots, since the test began; for a guard only the canary's.
        estimate: how many times as often it happens on the canary; None where nothing is compared.
        sentence: all of it for people.
    """

    test: str
    metric: str
    advice: Advice
    value: float
    threshold: float
    counts: Block
    estimate: Estimate | None
    sentence: str

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        counts, found = self.counts, self.estimate
        return stamped(
            "verdict",
            test=self.test,
            metric=self.metric,
            advice=self.advice.value,
            value=self.value,
            threshold=self.threshold,
            counts=[counts.n_c, counts.n_s, counts.e_c, counts.e_s],
            estimate=found and [found.ratio, found.low, found.high, found.confidence],
            sentence=self.sentence,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Verdict":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("verdict", record)
        estimate = fields["estimate"] and Estimate(*fields["estimate"])
        return cls(
            fields["test"],
            fields["metric"],
            Advice(fields["advice"]),
            fields["value"],
            fields["threshold"],
            Block(*fields["counts"]),
            estimate,
            fields["sentence"],
        )
