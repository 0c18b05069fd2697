"""Slow start: an endpoint that has just become healthy gets its share bit by bit. The formula is Envoy's."""

from dataclasses import dataclass

from reliakit.failover.endpoints import EndpointHealth

__all__ = ["SlowStart"]


@dataclass(frozen=True, slots=True)
class SlowStart:
    """How fast an endpoint gets its full weight.

    Attributes:
        window: seconds until it has; 0 is at once.
        aggression: 1 rises in a straight line, more rises faster at first.
        minimum: the factor that it gets at least, above 0 and at most 1.
    """

    window: float
    aggression: float = 1.0
    minimum: float = 0.1

    def factor(self, elapsed: float) -> float:
        """Returns what the weight is multiplied by, so many seconds after the endpoint became healthy."""
        # As Envoy has it, the first second counts as a whole one: an aggression below 1 would else begin at nothing.
        passed = max(elapsed, 1.0)
        if passed >= self.window:
            return 1.0
        risen: float = (passed / self.window) ** (1 / self.aggression)
        return max(self.minimum, risen)

    def weight(self, weight: float, health: EndpointHealth, now: float) -> float:
        """Returns the weight of an endpoint now."""
        return weight if health.joined is None else weight * self.factor(now - health.joined)

    def warming(self, health: EndpointHealth, now: float) -> bool:
        """Tells whether the weight of an endpoint still rises."""
        return health.available and health.joined is not None and now - health.joined < self.window
