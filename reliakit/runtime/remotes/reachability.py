"""Which endpoints of an upstream can be reached, as far as requests tell: nobody asks but for them.

An endpoint that refuses several connections in a row gets no requests for a while, and then one more chance.
"""

from collections.abc import Callable
from itertools import count
from random import random

from reliakit.clock import Clock
from reliakit.failover.balancing import Balancer, Picker, compiled
from reliakit.failover.distribution import BalancingRules, Standpoint, distributed
from reliakit.failover.endpoints import Endpoint, EndpointHealth
from reliakit.failover.picks import Workings

__all__ = ["Reachability"]

_REFUSALS = 3
"""Connections in a row that have to fail. A server that restarts refuses one or two."""
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 10.0


class Reachability:
    """What one process knows of an upstream's endpoints, and whom it asks by that.

    Args:
        endpoints: of the upstream.
        standpoint: where this process runs.
        balancer: how the endpoints take turns.
        active: requests in flight to each, which whoever sends them keeps.
        clock: of the process.
        told: told whenever it changes whether any endpoint can be reached.
    """

    def __init__(
        self,
        endpoints: tuple[Endpoint, ...],
        standpoint: Standpoint,
        balancer: Balancer,
        active: list[int],
        clock: Clock,
        told: Callable[[bool], None],
    ) -> None:
        self.endpoints, self._standpoint, self._balancer = endpoints, standpoint, balancer
        self._workings = Workings(count(), active)
        self._clock, self._told = clock, told
        self._refused = [0] * len(endpoints)
        self._resting: dict[int, float] = {}
        self._reachable = True
        self.alone = len(endpoints) == 1
        self._picker = self._compiled()

    @property
    def reachable(self) -> bool:
        """Whether any endpoint can be reached."""
        return self._reachable

    def pick(self) -> int:
        """Returns the endpoint for a request; where none can be reached all are asked in turn, as in Envoy's panic."""
        if self.alone:
            return 0
        pick = self._picker.pick
        return 0 if pick is None else pick(random(), None)  # noqa: S311 - a lot, and no secret

    def another(self, tried: list[int]) -> int | None:
        """Returns an endpoint for one more attempt; None where all have been tried."""
        found = None if self.alone else self._picker.another(tried, random())  # noqa: S311
        return None if found in tried else found

    def refused(self, endpoint: int) -> None:
        """Takes note that no connection came about."""
        self._refused[endpoint] += 1
        if self._refused[endpoint] >= _REFUSALS:
            late = min(self._refused[endpoint] - _REFUSALS, 8)
            pause = min(_FIRST_PAUSE * 2**late, _LAST_PAUSE)
            self._resting[endpoint] = self._clock.monotonic() + pause
            self._renew()

    def answered(self, endpoint: int) -> None:
        """Takes note that a request got through."""
        if self._refused[endpoint]:
            self._refused[endpoint] = 0
            if self._resting.pop(endpoint, None) is not None:
                self._renew()

    def look(self) -> None:
        """Gives a chance to endpoints that have rested for long enough; called now and then, on any thread."""
        now = self._clock.monotonic()
        over = [endpoint for endpoint, until in self._resting.copy().items() if now >= until]
        for endpoint in over:
            self._resting.pop(endpoint, None)
        if over:
            self._renew()

    def _renew(self) -> None:
        self._picker = self._compiled()
        reachable = len(self._resting) < len(self.endpoints)
        if reachable is not self._reachable:
            self._reachable = reachable
            self._told(reachable)

    def _compiled(self) -> Picker:
        health = [EndpointHealth(ejected=number in self._resting) for number in range(len(self.endpoints))]
        rules, now = BalancingRules(), self._clock.monotonic()
        distribution = distributed(self.endpoints, health, rules, self._standpoint, now)
        return compiled(distribution, self._balancer, self._workings)
