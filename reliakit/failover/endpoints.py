"""Endpoints, and whether requests may go to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

__all__ = ["Endpoint", "EndpointHealth", "Locality", "Status", "available", "renewed"]


class Status(StrEnum):
    """What is known of an endpoint; the words are Envoy's. Only a healthy one is available."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    EJECTED = "ejected"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Locality:
    """Where something runs; empty where nobody has said."""

    region: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of an upstream.

    Attributes:
        address: its URL, unique within the upstream.
        weight: its share among the endpoints beside it, above 0.
        locality: where it runs.
        priority: of its level; the levels above 0 are for spill-over.
    """

    address: str
    weight: float = 1.0
    locality: Locality = field(default_factory=Locality)
    priority: int = 0


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """What speaks for and against an endpoint.

    Attributes:
        checked: what its active health check says: unknown, healthy or unhealthy. Healthy where nothing checks.
        ejected: whether outlier detection has taken it out.
        draining: whether somebody has: it is being replaced, or a person wants it empty.
        joined: seconds, of the clock that `now` is of, at which it last became healthy; None where it starts at
            full weight.
    """

    checked: Status = Status.HEALTHY
    ejected: bool = False
    draining: bool = False
    joined: float | None = None

    @property
    def status(self) -> Status:
        """The one word for it: what somebody wants goes before what was detected, and that before what was checked."""
        if self.draining:
            return Status.DRAINING
        return Status.EJECTED if self.ejected else self.checked

    @property
    def available(self) -> bool:
        """Whether it gets requests outside of panic."""
        return self.checked is Status.HEALTHY and not (self.ejected or self.draining)


def renewed(
    health: EndpointHealth, now: float, *, checked: Status, ejected: bool, draining: bool
) -> EndpointHealth:
    """Returns what is known now. Whoever becomes available again starts slowly; who was found well when nothing was
    known yet does not, or a fleet that has just started would have nobody to take the load.
    """
    after = EndpointHealth(checked, ejected, draining, health.joined)
    if health.available or not after.available or health.status is Status.UNKNOWN:
        return after
    return replace(after, joined=now)


def available(health: Sequence[EndpointHealth]) -> int:
    """Returns how many are."""
    return sum(each.available for each in health)
