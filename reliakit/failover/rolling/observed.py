"""What a decision about a replacement is shown: one look."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reliakit.failover.hooks import HookResult

__all__ = ["EndpointSeen", "Observed"]


@dataclass(frozen=True, slots=True)
class EndpointSeen:
    """What is seen of an endpoint.

    Attributes:
        ready: whether its health checks say so, of those that have begun since it was replaced last.
        in_flight: requests of all live workers; None where they have not all said so since it began to drain.
    """

    ready: bool = False
    in_flight: int | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """One look.

    Attributes:
        endpoints: by address; what is missing is not ready.
        hooks: id of a run -> how it ended.
        bad: what speaks against the new ones, compared with those not yet replaced; empty for nothing.
        enough: whether the comparison has seen enough to let the next be replaced.
        shared: whether the store is there; nothing is replaced without it.
    """

    endpoints: Mapping[str, EndpointSeen] = field(default_factory=dict)
    hooks: Mapping[str, HookResult] = field(default_factory=dict)
    bad: str = ""
    enough: bool = True
    shared: bool = True

    def of(self, address: str) -> EndpointSeen:
        """Returns what was seen of an endpoint."""
        return self.endpoints.get(address, _NOTHING)


_NOTHING = EndpointSeen()
