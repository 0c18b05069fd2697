"""One account of what happened, which the clients and the workers each keep: they must agree to the last request."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

__all__ = ["Counted"]


@dataclass(slots=True)
class Counted:
    """Counts of requests and errors by slot, and of evaluations by `flag, reason`."""

    requests: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    evaluations: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, data: Mapping[str, Mapping[str, int]]) -> Self:
        """Returns the account that `data` of another process gives."""
        return cls(**{name: Counter(counts) for name, counts in data.items()})

    def data(self) -> Mapping[str, Mapping[str, int]]:
        """Returns what `read` reads, in another process."""
        # Not asdict: it makes a new Counter of pairs, which counts the pairs.
        return {"requests": self.requests, "errors": self.errors, "evaluations": self.evaluations}

    def add(self, other: "Counted") -> None:
        """Adds another account to this one."""
        self.requests += other.requests
        self.errors += other.errors
        self.evaluations += other.evaluations
