"""Chooses endpoints for requests, by what is known of them: a look-up or two, and no lock."""

from collections.abc import Collection, Sequence
from itertools import count
from random import choices

from reliakit.failover.balancing import Balancer, compiled
from reliakit.failover.distribution import Distribution
from reliakit.failover.endpoints import Endpoint
from reliakit.failover.picks import Pick, Workings
from reliakit.failover.rings import Ring

__all__ = ["Chooser"]


class Chooser:
    """Chooses for one side of an upstream, ASGI or WSGI: each keeps its own requests in flight.

    Args:
        endpoints: of the upstream.
        balancer: how endpoints take turns.
        ring: of all endpoints; empty where no key is looked at.
        active: requests in flight to each, which whoever sends them keeps.
        distribution: to begin with.
        available: numbers of the endpoints that may be asked, whichever share they have.

    Attributes:
        pick: chooses; None where no endpoint may be asked.
        suspects: endpoints of which the last that is known is that they gave no answer. They are asked again last.
    """

    pick: Pick | None
    suspects: Collection[int] = ()

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        balancer: Balancer,
        ring: Ring,
        active: Sequence[int],
        distribution: Distribution,
        available: Sequence[int],
    ) -> None:
        self._endpoints, self._balancer = endpoints, balancer
        self._workings = Workings(count(), active, ring)
        self.renew(distribution, available)

    def renew(self, distribution: Distribution, available: Sequence[int]) -> None:
        """Goes by another distribution from now on; never on the request path."""
        self._available = available
        self.pick = compiled(distribution, self._balancer, self._workings).pick

    def another(self, tried: Sequence[int]) -> int | None:
        """Returns an endpoint for one more attempt; None where all that may be asked have been tried.

        One in another zone or region comes first, whatever is preferred: what ails one endpoint of a zone tends to ail
        its neighbours, and there are few more attempts. A level of spill-over gets none while the one before has any
        that is no suspect.
        """
        return self._chosen([each for each in self._available if each not in tried], tried)

    def afar(self, tried: Sequence[int]) -> int | None:
        """Returns an endpoint in a zone where none was tried; None where there is none."""
        places = {self._endpoints[each].locality for each in tried}
        return self._chosen(
            [each for each in self._available if self._endpoints[each].locality not in places], tried
        )

    def _chosen(self, left: Sequence[int], tried: Sequence[int]) -> int | None:
        endpoints = self._endpoints
        if not left:
            return None
        left = [each for each in left if each not in self.suspects] or left
        level = min(endpoints[each].priority for each in left)
        near = [each for each in left if endpoints[each].priority == level]
        failing = {endpoints[each].locality for each in tried}
        elsewhere = [each for each in near if endpoints[each].locality not in failing] or near
        weights = [endpoints[each].weight for each in elsewhere]
        return choices(elsewhere, weights)[0]  # noqa: S311 - a lot, and no secret
