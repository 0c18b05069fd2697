"""Zone-aware routing: a request stays in its zone as far as that leaves all endpoints with the same load.

The zone of the caller gets everything where its share of the upstream's endpoints is no smaller than its share of the
callers. Where it is smaller, it gets what it can take, and the rest goes to zones with endpoints to spare.

Source: "Zone aware routing" of Envoy's documentation.
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

__all__ = ["MIN_CLUSTER_SIZE", "zone_shares"]

MIN_CLUSTER_SIZE = 6
"""Healthy endpoints below which zones are not looked at: a zone with one endpoint would get too much."""

Zone = TypeVar("Zone", bound=Hashable)


def zone_shares(
    home: Zone, callers: Mapping[Zone, int], endpoints: Mapping[Zone, int], least: int = MIN_CLUSTER_SIZE
) -> dict[Zone, float] | None:
    """Returns the share of each zone in the traffic of a caller; None where zones are not to be looked at.

    Args:
        home: the caller's zone.
        callers: live workers of each zone; empty where nobody knows.
        endpoints: healthy endpoints of each zone.
        least: healthy endpoints below which there is None.
    """
    total, workers = sum(endpoints.values()), sum(callers.values())
    if total < least or len(endpoints) < 2 or not endpoints.get(home) or not callers.get(home):
        return None
    capacity = {zone: count / total for zone, count in endpoints.items()}
    demand = {zone: count / workers for zone, count in callers.items()}
    if capacity[home] >= demand[home]:
        return {home: 1.0}
    return _with_residual(home, capacity, demand)


def _with_residual(
    home: Zone, capacity: Mapping[Zone, float], demand: Mapping[Zone, float]
) -> dict[Zone, float]:
    spare = {zone: max(0.0, has - demand.get(zone, 0.0)) for zone, has in capacity.items() if zone != home}
    kept, whole = capacity[home] / demand[home], sum(spare.values())
    # Shares of both sides sum to 1, so whoever is short of endpoints leaves others with endpoints to spare.
    return {home: kept} | {zone: (1 - kept) * each / whole for zone, each in spare.items() if each}
