"""How the endpoints of an upstream are replaced."""

from collections.abc import Iterator
from dataclasses import dataclass

from reliakit.failover.hooks import Hook

__all__ = ["RollingDefinition", "problems"]


@dataclass(frozen=True, slots=True)
class RollingDefinition:
    """A replacement of endpoints, a few at a time. Times are in seconds.

    Attributes:
        upstream: its name.
        endpoints: addresses, in the order in which they are replaced.
        replace: makes what runs at an address the new one, or starts a spare.
        undo: makes it the old one again.
        spares: addresses that are used for the time of the replacement, so that nothing is missing meanwhile.
        stop: stops a spare.
        max_unavailable: endpoints that may be missing at once.
        max_surge: spares that may be there at once.
        drain: for requests in flight.
        ready: for an endpoint to become ready.
        warm: of slow start, which is waited for.
        bake: for which a new one is watched before the next.
    """

    upstream: str
    endpoints: tuple[str, ...]
    replace: Hook
    undo: Hook
    spares: tuple[str, ...] = ()
    stop: Hook | None = None
    max_unavailable: int = 1
    max_surge: int = 0
    drain: float = 30.0
    ready: float = 60.0
    warm: float = 0.0
    bake: float = 30.0

    @property
    def surge(self) -> tuple[str, ...]:
        """The spares that are used."""
        return self.spares[: self.max_surge]


def problems(definition: RollingDefinition) -> Iterator[str]:
    """Yields what makes no sense, for people."""
    addresses = (*definition.endpoints, *definition.spares)
    if not definition.endpoints:
        yield "there is no endpoint to replace"
    if len(set(addresses)) < len(addresses):
        yield "an address is named twice"
    if definition.max_surge > len(definition.spares):
        yield f"max_surge {definition.max_surge} needs as many `spares`; there are {len(definition.spares)}"
    if definition.surge and definition.stop is None:
        yield "spares need a `stop` hook, or they would stay"
    if definition.max_unavailable < 1 and not definition.surge:
        yield "nothing may be missing and nothing may be added: allow max_unavailable or max_surge"
    if 0 < len(definition.endpoints) <= definition.max_unavailable and not definition.surge:
        yield "all endpoints would be missing at once: lower max_unavailable, or add a spare"
