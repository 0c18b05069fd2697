"""A mixture of e-processes that may start anew, so that evidence from quiet weeks can't drown a fresh regression.

    E = sum_g pi_g sum_j m_j prod_{i >= j} exp l_g(i) + 1/(2J)        m_0 = 1/2, m_j = 1/(2 j (j + 1))

j runs over the epochs that have started, J is their number, and 1/(2J) is the mass that epochs to come will spend.
The inner sum obeys S_g <- S_g exp l_g at each block and S_g <- S_g + m_j at each new epoch, so one logarithm for
each alternative g is all there is to keep.

Source: Shin, Ramdas & Rinaldo 2022, E-detectors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from operator import add
from typing import Any

from reliakit.rollouts.mixtures import log_mix, log_plus
from reliakit.rollouts.records import Record, opened, stamped

__all__ = ["Restarting"]


@dataclass(frozen=True, slots=True)
class Restarting:
    """The logarithms of S_g, and how many epochs have started."""

    logs: tuple[float, ...]
    epochs: int = 1

    @classmethod
    def begun(cls, size: int) -> "Restarting":
        """Returns the state in its first epoch, without any evidence."""
        return cls((log(0.5),) * size)

    def times(self, factors: Sequence[float]) -> "Restarting":
        """Returns the state after a block whose logarithms of likelihood ratios are `factors`."""
        return Restarting(tuple(map(add, self.logs, factors)), self.epochs)

    def restarted(self) -> "Restarting":
        """Returns the state at the start of one more epoch."""
        mass = -log(2 * self.epochs * (self.epochs + 1))
        return Restarting(tuple(log_plus(value, mass) for value in self.logs), self.epochs + 1)

    def log_value(self, log_weights: Sequence[float]) -> float:
        """Returns ln E under weights pi_g, given as logarithms."""
        return log_mix((*self.logs, -log(2 * self.epochs)), (*log_weights, 0.0))

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        return stamped("restarting", logs=list(self.logs), epochs=self.epochs)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Restarting":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("restarting", record)
        return cls(tuple(fields["logs"]), fields["epochs"])
