"""The metrics of upstreams whose regions stand in for each other, and the points that each has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reliakit.telemetry.kinds import Kind, Metric

__all__ = ["FAILOVER", "FAILOVER_EVENTS", "RegionsAt", "points_of"]

_UPSTREAM = "reliakit.upstream.name"
_REGION = (_UPSTREAM, "reliakit.region")

FAILOVER_PHASE = Metric(
    "reliakit.failover.phase",
    Kind.GAUGE,
    "{upstream}",
    "1 for the phase that an upstream's regions are in, as this worker has it in force.",
    (_UPSTREAM, "reliakit.failover.phase"),
)
FAILOVER_SHARE = Metric(
    "reliakit.failover.share",
    Kind.GAUGE,
    "%",
    "The share of an upstream's requests that a region may get, as this worker has it in force.",
    _REGION,
)
FAILOVER_LAG = Metric(
    "reliakit.failover.lag",
    Kind.GAUGE,
    "s",
    "How far a region's data is behind, by the last answer; from the worker that decides.",
    _REGION,
)
FAILOVER_RTO = Metric(
    "reliakit.failover.rto",
    Kind.GAUGE,
    "s",
    "Measured at the last failover: from the first failed request to the first good one from elsewhere.",
    (_UPSTREAM,),
)
FAILOVER_RTO_OBJECTIVE = Metric(
    "reliakit.failover.rto.objective",
    Kind.GAUGE,
    "s",
    "What the definitions want the RTO to be.",
    (_UPSTREAM,),
)
FAILOVER_RPO = Metric(
    "reliakit.failover.rpo",
    Kind.GAUGE,
    "s",
    "Measured at the last failover: how far the data of the region that stood in was behind.",
    (_UPSTREAM,),
)
FAILOVER_RPO_OBJECTIVE = Metric(
    "reliakit.failover.rpo.objective",
    Kind.GAUGE,
    "s",
    "What the definitions want the RPO to be.",
    (_UPSTREAM,),
)
FAILOVER_EVENTS = Metric(
    "reliakit.failover.events",
    Kind.COUNTER,
    "{event}",
    "Events of regions that this worker has brought about, each counted by one worker while there is a store.",
    (_UPSTREAM, "reliakit.failover.event"),
)

FAILOVER = (
    FAILOVER_PHASE,
    FAILOVER_SHARE,
    FAILOVER_LAG,
    FAILOVER_RTO,
    FAILOVER_RTO_OBJECTIVE,
    FAILOVER_RPO,
    FAILOVER_RPO_OBJECTIVE,
    FAILOVER_EVENTS,
)


@dataclass(frozen=True, slots=True)
class RegionsAt:
    """Where the regions of an upstream stand.

    Attributes:
        upstream: its name.
        phase: in lower case, with underscores.
        shares: region -> percent of the requests.
        lags: region -> seconds, where this worker asks.
        rto, rpo: measured at the last failover that this worker knows of; None before any.
        objectives: those of both, in this order; None without one.
    """

    upstream: str
    phase: str
    shares: Mapping[str, float]
    lags: Mapping[str, float] = field(default_factory=dict)
    rto: float | None = None
    rpo: float | None = None
    objectives: tuple[float | None, float | None] = (None, None)


def points_of(regions: RegionsAt) -> Iterator[tuple[Metric, float, tuple[str, ...]]]:
    """Yields metrics, values, and the values of their attributes."""
    name = regions.upstream
    yield FAILOVER_PHASE, 1, (name, regions.phase)
    for region, share in regions.shares.items():
        yield FAILOVER_SHARE, share, (name, region)
    for region, lag in regions.lags.items():
        yield FAILOVER_LAG, lag, (name, region)
    metrics = (FAILOVER_RTO, FAILOVER_RPO, FAILOVER_RTO_OBJECTIVE, FAILOVER_RPO_OBJECTIVE)
    for metric, value in zip(metrics, (regions.rto, regions.rpo, *regions.objectives), strict=True):
        if value is not None:
            yield metric, value, (name,)
