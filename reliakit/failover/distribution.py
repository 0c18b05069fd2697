"""Which endpoints share the traffic now, and how: regions, then priority levels, then zones, then weights."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from reliakit.failover.endpoints import Endpoint, EndpointHealth, Locality, Status
from reliakit.failover.priorities import Level, PriorityRules, loads
from reliakit.failover.slow_start import SlowStart
from reliakit.failover.zones import MIN_CLUSTER_SIZE, zone_shares

__all__ = ["Admission", "BalancingRules", "Distribution", "Group", "Prefer", "Standpoint", "distributed"]

Admission = tuple[tuple[float, frozenset[str]], ...]
"""Parts of the traffic, which sum to 1, and the regions that each may go to."""


class Prefer(StrEnum):
    """What is near enough for a level of its own: own zone, then own region, then the rest."""

    NOTHING = "nothing"
    REGION = "region"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class BalancingRules:
    """How an upstream shares its traffic.

    Attributes:
        prefer: what makes levels beside the endpoints' own priorities.
        priorities: how levels spill over.
        slow_start: for endpoints that have become healthy; None for full weight at once.
        min_cluster_size: healthy endpoints in a level below which its zones are not looked at.
    """

    prefer: Prefer = Prefer.REGION
    priorities: PriorityRules = field(default_factory=PriorityRules)
    slow_start: SlowStart | None = None
    min_cluster_size: int = MIN_CLUSTER_SIZE


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Who asks: where the caller runs, and how many live workers there are in each locality, where that is known."""

    home: Locality = field(default_factory=Locality)
    callers: Mapping[Locality, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Endpoints that share a part of the traffic by their weights.

    Attributes:
        share: of the traffic, above 0 and at most 1.
        members: numbers of the endpoints, as the upstream lists them.
        weights: of each member, above 0.
        panic: whether the members get it whatever is known of them.
    """

    share: float
    members: tuple[int, ...]
    weights: tuple[float, ...]
    panic: bool = False


@dataclass(frozen=True, slots=True)
class Distribution:
    """All groups. They sum to 1; there are none where no endpoint may be asked at all."""

    groups: tuple[Group, ...]

    def shares(self, endpoints: int) -> list[float]:
        """Returns the share of each of so many endpoints."""
        shares = [0.0] * endpoints
        for member, share in self.weighted():
            shares[member] += share
        return shares

    def weighted(self) -> list[tuple[int, float]]:
        """Returns members with what they get of the traffic; one of several groups comes several times."""
        return [
            (member, weight * per_weight)
            for group in self.groups
            for per_weight in [group.share / sum(group.weights)]
            for member, weight in zip(group.members, group.weights, strict=True)
        ]

    @property
    def panic(self) -> bool:
        """Whether any part of the traffic is in panic."""
        return any(group.panic for group in self.groups)


def distributed(
    endpoints: Sequence[Endpoint],
    health: Sequence[EndpointHealth],
    rules: BalancingRules,
    standpoint: Standpoint,
    now: float,
    admission: Admission | None = None,
) -> Distribution:
    """Returns how the traffic is shared now.

    Args:
        endpoints: of the upstream.
        health: of each of them.
        rules: of the upstream.
        standpoint: who asks.
        now: seconds, of the clock that `EndpointHealth.joined` is of.
        admission: which regions may be asked; None for all.
    """
    scene = _Scene(endpoints, health, rules, standpoint, now)
    parts = [(share, scene.within(regions)) for share, regions in admission or ((1.0, None),) if share > 0]
    # A part whose regions have no endpoint at all goes where the others go, or it would go nowhere.
    whole = sum(share for share, groups in parts if groups)
    return Distribution(
        tuple(
            Group(share / whole * group.share, group.members, group.weights, group.panic)
            for share, groups in parts
            for group in groups
        )
    )


@dataclass(frozen=True, slots=True)
class _Scene:
    endpoints: Sequence[Endpoint]
    health: Sequence[EndpointHealth]
    rules: BalancingRules
    standpoint: Standpoint
    now: float

    def within(self, regions: frozenset[str] | None) -> list[Group]:
        """Returns the groups of some regions, or of all."""
        levels = self._levels(regions)
        sizes = [Level(sum(self.health[each].available for each in level), len(level)) for level in levels]
        return [
            group
            for level, load in zip(levels, loads(sizes, self.rules.priorities), strict=True)
            if load.share > 0
            for group in self._grouped(level, load.share, load.panic)
        ]

    def _levels(self, regions: frozenset[str] | None) -> list[list[int]]:
        """Numbers of endpoints by level. Whoever drains is no part of any: it is meant to become empty."""
        ranks: dict[tuple[int, int], list[int]] = {}
        for number, endpoint in enumerate(self.endpoints):
            admitted = regions is None or endpoint.locality.region in regions
            if admitted and self.health[number].status is not Status.DRAINING:
                rank = (
                    endpoint.priority,
                    _distance(self.rules.prefer, self.standpoint.home, endpoint.locality),
                )
                ranks.setdefault(rank, []).append(number)
        return [ranks[rank] for rank in sorted(ranks)]

    def _grouped(self, level: list[int], share: float, panic: bool) -> list[Group]:
        if panic:
            return [self._group(level, share, True)]
        members = [each for each in level if self.health[each].available]
        zones = self._zones(members)
        if zones is None:
            return [self._group(members, share)]
        return [
            self._group([each for each in members if self.endpoints[each].locality == zone], share * part)
            for zone, part in zones.items()
        ]

    def _zones(self, members: list[int]) -> dict[Locality, float] | None:
        sizes = Counter(self.endpoints[each].locality for each in members)
        return zone_shares(self.standpoint.home, self.standpoint.callers, sizes, self.rules.min_cluster_size)

    def _group(self, members: list[int], share: float, panic: bool = False) -> Group:
        return Group(share, tuple(members), tuple(map(self._weight, members)), panic)

    def _weight(self, number: int) -> float:
        weight, slow = self.endpoints[number].weight, self.rules.slow_start
        return weight if slow is None else slow.weight(weight, self.health[number], self.now)


def _distance(prefer: Prefer, home: Locality, there: Locality) -> int:
    if prefer is Prefer.NOTHING or not home.region:
        return 0
    if there.region != home.region:
        return 2
    return 1 if prefer is Prefer.ZONE and there.zone != home.zone else 0
