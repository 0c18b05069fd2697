"""How the regions of an upstream stand in for each other: the four strategies of the AWS whitepaper, and their limits.

Source: "Disaster Recovery of Workloads on AWS", 2021.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reliakit.failover.hooks import Hook

__all__ = ["TRAITS", "RecoveryDefinition", "Strategy", "Traits", "problems"]


class Strategy(StrEnum):
    """What the other regions do while nothing is wrong."""

    ACTIVE_ACTIVE = "active_active"
    WARM_STANDBY = "warm_standby"
    PILOT_LIGHT = "pilot_light"
    BACKUP_RESTORE = "backup_restore"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a strategy means.

    Attributes:
        all_serve: whether every region serves, so that any of them can be lost; else the first does.
        prepares: whether a standby can't serve before a hook has made it able to.
        returns: whether a quiet period may bring the traffic back. Where what was written since has to be carried
            back, a person says when.
    """

    all_serve: bool
    prepares: bool
    returns: bool


TRAITS: Mapping[Strategy, Traits] = {
    Strategy.ACTIVE_ACTIVE: Traits(all_serve=True, prepares=False, returns=True),
    Strategy.WARM_STANDBY: Traits(all_serve=False, prepares=False, returns=True),
    Strategy.PILOT_LIGHT: Traits(all_serve=False, prepares=True, returns=True),
    Strategy.BACKUP_RESTORE: Traits(all_serve=False, prepares=True, returns=False),
}


@dataclass(frozen=True, slots=True)
class RecoveryDefinition:
    """The regions of one upstream. Shares are from 0 to 1, times in seconds.

    Attributes:
        upstream: its name.
        strategy: what the regions do for each other.
        regions: the primary first, then those that stand by, the first to be chosen first.
        rpo, rto: objectives: data that may be lost, and time until a standby serves; None without one.
        lost_below: the share of ready endpoints below which a region is lost.
        failing_above: the share of failed requests above which it is lost, whatever its endpoints say.
        requests: of one look, below which that share says nothing.
        well_above, failing_below: from which it is well again; in between it is neither.
        detect: seconds that a region has to be lost before it is left, and well before a failover is called off.
        hold: seconds between two moves of traffic that nobody has asked for.
        quiet: seconds that the primary has to be well before traffic comes back; None for by hand.
        steps: shares of the traffic on the way to another region, rising to 1.
        bake: seconds for which each lasts at least.
        deadline: seconds for a standby to become ready once it is prepared.
        drill: seconds that a drill stays away.
        prepare: makes a standby able to serve.
        back: makes the primary able to take over again.
        after: runs once the traffic is back, to scale down what stands by.
    """

    upstream: str
    strategy: Strategy
    regions: tuple[str, ...]
    rpo: float | None = None
    rto: float | None = None
    lost_below: float = 0.5
    failing_above: float = 0.5
    requests: int = 10
    well_above: float = 0.8
    failing_below: float = 0.05
    detect: float = 10.0
    hold: float = 300.0
    quiet: float | None = None
    steps: tuple[float, ...] = (0.1, 0.5, 1.0)
    bake: float = 10.0
    deadline: float = 600.0
    drill: float = 60.0
    prepare: Hook | None = None
    back: Hook | None = None
    after: Hook | None = None

    @property
    def traits(self) -> Traits:
        """What its strategy means."""
        return TRAITS[self.strategy]


def problems(definition: RecoveryDefinition) -> Iterator[str]:
    """Yields what makes no sense, for people."""
    strategy, regions = definition.strategy, definition.regions
    if len(regions) < 2:
        yield f"{strategy} needs two regions at least"
    if len(set(regions)) < len(regions):
        yield "a region is named twice"
    if definition.traits.prepares and definition.prepare is None:
        yield f"{strategy} needs a `prepare` hook: nothing runs in {regions[-1]} before it"
    if definition.quiet is not None and not definition.traits.returns:
        yield f"{strategy} can't fail back by itself: what was written in the standby would be lost"
    if definition.well_above < definition.lost_below or definition.failing_below > definition.failing_above:
        yield "a region would be lost and well at once: `well_above` and `failing_below` are on the wrong side"
    steps = definition.steps
    if not steps or list(steps) != sorted(set(steps)) or not steps[0] > 0 or steps[-1] != 1:
        yield "`steps` have to rise to 100 %"
