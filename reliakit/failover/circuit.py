"""Circuit limits: how much an upstream is asked for at once. The figures are Envoy's."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CircuitLimits", "Overflow", "room_to_connect", "room_to_send", "room_to_wait"]


class Overflow(StrEnum):
    """Which limit was reached."""

    CONNECTIONS = "max_connections"
    PENDING = "max_pending_requests"
    REQUESTS = "max_requests"


@dataclass(frozen=True, slots=True)
class CircuitLimits:
    """Limits for each worker and upstream.

    Attributes:
        max_connections: that are up at once.
        max_pending_requests: that wait for a connection.
        max_requests: in flight, with those that wait.
    """

    max_connections: int = 1024
    max_pending_requests: int = 1024
    max_requests: int = 1024


def room_to_send(limits: CircuitLimits, requests: int) -> Overflow | None:
    """Returns what stands against one request more, beside so many."""
    return Overflow.REQUESTS if requests >= limits.max_requests else None


def room_to_connect(limits: CircuitLimits, connections: int) -> Overflow | None:
    """Returns what stands against one connection more. A first one is always made, or nothing could be sent at all."""
    return Overflow.CONNECTIONS if connections >= max(1, limits.max_connections) else None


def room_to_wait(limits: CircuitLimits, pending: int) -> Overflow | None:
    """Returns what stands against one request more that waits for a connection."""
    return Overflow.PENDING if pending >= limits.max_pending_requests else None
