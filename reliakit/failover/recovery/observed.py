"""What a decision about regions is shown: one look, from this process alone or from all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reliakit.failover.hooks import HookResult
from reliakit.failover.recovery.definition import RecoveryDefinition

__all__ = ["Condition", "Observed", "RegionSeen", "condition"]


@dataclass(frozen=True, slots=True)
class RegionSeen:
    """What was seen of a region since the look before.

    Attributes:
        ready: endpoints that are available.
        endpoints: all of them, but those that drain.
        good, failed: requests that it answered, and that it did not answer or answered with an error.
        first_good, first_failed: when the first of each came, by the clock that `now` is of; None without one.
        lag: seconds that its copy of the data is behind, by the last probe that answered; None where nothing probes.
        gate: what stands against sending it requests, beside its endpoints; empty for nothing.
    """

    ready: int = 0
    endpoints: int = 0
    good: int = 0
    failed: int = 0
    first_good: float | None = None
    first_failed: float | None = None
    lag: float | None = None
    gate: str = ""

    @property
    def share(self) -> float:
        """The share of endpoints that are ready."""
        return self.ready / self.endpoints if self.endpoints else 0.0

    @property
    def failing(self) -> float:
        """The share of requests that failed; 0 where there was none."""
        return self.failed / (self.good + self.failed) if self.failed else 0.0


@dataclass(frozen=True, slots=True)
class Observed:
    """One look.

    Attributes:
        regions: by name; what is missing was not seen, and counts as without endpoints.
        hooks: id of a run -> how it ended.
        shared: whether the store is there. Without it each process decides for itself, about what it sees itself.
    """

    regions: Mapping[str, RegionSeen] = field(default_factory=dict)
    hooks: Mapping[str, HookResult] = field(default_factory=dict)
    shared: bool = True

    def of(self, region: str) -> RegionSeen:
        """Returns what was seen of a region."""
        return self.regions.get(region, _NOTHING)


_NOTHING = RegionSeen()


class Condition(StrEnum):
    """How a region looks. Between lost and well is a band that changes nothing: that is the hysteresis."""

    LOST = "lost"
    DOUBTFUL = "doubtful"
    WELL = "well"


def condition(seen: RegionSeen, definition: RecoveryDefinition) -> Condition:
    """Judges one look."""
    enough = seen.good + seen.failed >= definition.requests
    if seen.share < definition.lost_below or (enough and seen.failing > definition.failing_above):
        return Condition.LOST
    # A few failures among few requests say nothing against a region, and nothing for it either.
    fine = seen.share >= definition.well_above and seen.failing <= definition.failing_below
    return Condition.WELL if fine and not seen.gate else Condition.DOUBTFUL
