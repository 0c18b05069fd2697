"""Priority levels: how much of the traffic each takes. The formula is Envoy's.

    health(P) = min(1, overprovisioning factor * healthy endpoints of P / all endpoints of P)
    total     = min(1, sum of health)
    load(P)   = min(1 - loads of the levels before, health(P) / total)

Where `total` is below 1, a level with fewer healthy endpoints than the panic threshold is in panic: its load goes to
all of its endpoints, whatever is known of them. Where every level is in panic, each takes as much as it has endpoints.

Source: "Priority levels" and "Panic threshold" of Envoy's documentation. Envoy computes in whole percent, we do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Level", "LevelLoad", "PriorityRules", "loads"]


@dataclass(frozen=True, slots=True)
class PriorityRules:
    """How levels share the traffic.

    Attributes:
        overprovisioning_factor: how much a level can lose before it is short of endpoints.
        panic_threshold: the share of healthy endpoints below which a level is in panic; 0 for never.
    """

    overprovisioning_factor: float = 1.4
    panic_threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class Level:
    """How many endpoints a level has: healthy ones, and all that may be asked at all."""

    healthy: int
    endpoints: int

    @property
    def share(self) -> float:
        """The share of healthy ones; 0 where there is none at all."""
        return self.healthy / self.endpoints if self.endpoints else 0.0


@dataclass(frozen=True, slots=True)
class LevelLoad:
    """What a level takes: its share of the traffic, 0 to 1, and whether it is in panic."""

    share: float
    panic: bool = False


def loads(levels: Sequence[Level], rules: PriorityRules) -> tuple[LevelLoad, ...]:
    """Returns what each level takes, the first to be asked first. The shares sum to 1, or to 0 where nothing is healthy
    and nothing may panic.
    """
    health = [min(1.0, rules.overprovisioning_factor * level.share) for level in levels]
    total = min(1.0, sum(health))
    panics = [total < 1 and level.share < rules.panic_threshold for level in levels]
    if all(panics):
        return _by_size(levels)
    if not total:
        return (LevelLoad(0.0),) * len(levels)
    return tuple(map(LevelLoad, _spilled(health, total), panics))


def _spilled(health: Sequence[float], total: float) -> list[float]:
    shares, left = list[float](), 1.0
    for each in health:
        shares.append(min(left, each / total))
        left -= shares[-1]
    # What rounding has left over goes to the first that takes anything, as in Envoy.
    shares[next(i for i, share in enumerate(shares) if share)] += left
    return shares


def _by_size(levels: Sequence[Level]) -> tuple[LevelLoad, ...]:
    every = sum(level.endpoints for level in levels)
    return tuple(LevelLoad(level.endpoints / every if every else 0.0, True) for level in levels)
