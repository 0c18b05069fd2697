"""Draining: an endpoint gets no new requests, and those in flight may end."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Drained", "Flight", "drained"]


class Drained(StrEnum):
    """How far a drain is."""

    WAITING = "waiting"
    EMPTY = "empty"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class Flight:
    """What is still under way to an endpoint.

    Attributes:
        requests: in flight, of all live workers; None where they have not all said so since the drain began.
    """

    requests: int | None = None


def drained(flight: Flight, elapsed: float, timeout: float) -> Drained:
    """Tells how far a drain is.

    Args:
        flight: what is under way.
        elapsed: seconds since it began.
        timeout: seconds after which nobody waits any longer.
    """
    # A worker that has not heard of the drain sends on: nought in flight of the others is no empty endpoint.
    if flight.requests == 0:
        return Drained.EMPTY
    return Drained.TIMED_OUT if elapsed >= timeout else Drained.WAITING
