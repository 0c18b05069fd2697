"""What the controller is shown: counts so far, and what is known of the workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reliakit.rollouts.served import Place, Served

__all__ = ["GateAnswer", "Observed", "Outside"]


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """What a webhook said about a step of a release."""

    number: int
    step: int
    approved: bool
    said: str = ""


@dataclass(frozen=True, slots=True)
class Outside:
    """What a metric from outside says at this moment: whether it is as it should be, and in which words."""

    name: str
    good: bool
    said: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at the shared counts, all of one moment.

    Attributes:
        served: cumulative, by place.
        incidents: (what, locality, window) -> bits of canary and stable.
        ready: slots that some live worker can send requests to.
        settled: whether every live worker has reported the present state.
        reported: meanings of definitions -> seconds since a live worker last reported it.
        budget: the share of the error budget that is left; None without an objective.
        gate: what a webhook gate has answered.
        outside: metrics from outside.
    """

    served: Mapping[Place, Served] = field(default_factory=dict)
    incidents: Mapping[tuple[str, str, int], tuple[int, int]] = field(default_factory=dict)
    ready: frozenset[str] = frozenset()
    settled: bool = True
    reported: Mapping[str, float] = field(default_factory=dict)
    budget: float | None = None
    gate: GateAnswer | None = None
    outside: Sequence[Outside] = ()
