"""Chooses endpoints for requests, by what is known of them: a look-up or two, and no lock."""

from collections.abc import Sequence
from itertools import count
from random import random

from reliakit.failover.balancing import Balancer, Picker, compiled
from reliakit.failover.distribution import Distribution
from reliakit.failover.picks import Pick, Workings
from reliakit.failover.rings import Ring

__all__ = ["Chooser"]


class Chooser:
    """Chooses for one side of an upstream, ASGI or WSGI: each keeps its own requests in flight.

    Args:
        balancer: how endpoints take turns.
        ring: of all endpoints; empty where no key is looked at.
        active: requests in flight to each, which whoever sends them keeps.
        distribution: to begin with.
        available: numbers of the endpoints that may be asked, whichever share they have.

    Attributes:
        pick: chooses; None where no endpoint may be asked.
    """

    pick: Pick | None

    def __init__(
        self,
        balancer: Balancer,
        ring: Ring,
        active: Sequence[int],
        distribution: Distribution,
        available: Sequence[int],
    ) -> None:
        self._balancer, self._workings = balancer, Workings(count(), active, ring)
        self.renew(distribution, available)

    def renew(self, distribution: Distribution, available: Sequence[int]) -> None:
        """Goes by another distribution from now on; never on the request path."""
        self._picker: Picker = compiled(distribution, self._balancer, self._workings)
        self._available = available
        self.pick = self._picker.pick

    def another(self, tried: Sequence[int]) -> int | None:
        """Returns an endpoint for one more attempt; None where all that may be asked have been tried.

        Where nearness or priority gives everything to those that have been tried, any other will do.
        """
        drawn = random()  # noqa: S311 - a lot, and no secret
        found = self._picker.another(tried, drawn)
        if found is not None and found not in tried:
            return found
        others = [each for each in self._available if each not in tried]
        return others[int(drawn * len(others))] if others else None
