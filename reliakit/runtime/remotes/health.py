"""What one process knows of an upstream's endpoints, and what follows from it. The engine asks; nothing here waits.

Three things speak against an endpoint: its health check, outlier detection, and connections that it refuses. The last
needs no settings: an endpoint that refuses several in a row gets no requests until one comes about again.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from random import random

from reliakit.clock import Clock
from reliakit.core.counters import Counters, Met
from reliakit.failover.distribution import Admission, BalancingRules, Distribution, Standpoint, distributed
from reliakit.failover.endpoints import Endpoint, EndpointHealth, Status, renewed
from reliakit.failover.health import Check, CheckRules, Result, begun, checked, due
from reliakit.failover.outlier_rules import Ejection, OutlierRules
from reliakit.failover.outliers import Outliers
from reliakit.runtime.remotes.answers import Answers, Failure
from reliakit.runtime.remotes.regions import RegionAnswers, RegionCounts, places

__all__ = ["Health", "HealthRules"]

_log = logging.getLogger("reliakit")
_REFUSALS = 3
"""Connections in a row that have to fail. A server that restarts refuses one or two."""
_TRIALS = CheckRules(interval=1.0, jitter=0.2, healthy_threshold=1)
"""How an endpoint that refuses connections is tried where nothing else checks it."""
_WARMING = 1.0
"""Seconds between two looks at weights that rise."""


@dataclass(frozen=True, slots=True)
class HealthRules:
    """What an upstream says of the health of its endpoints.

    Attributes:
        balancing: how traffic follows from it.
        check: how it is checked; None for not at all.
        outliers: what is ejected; None for nothing.
    """

    balancing: BalancingRules
    check: CheckRules | None = None
    outliers: OutlierRules | None = None


class Health:
    """The endpoints of one upstream. All methods but those of `answers` belong to one thread at a time.

    Args:
        name: of the upstream.
        endpoints: of it.
        draining: numbers of those that are to get nothing new.
        rules: of it.
        standpoint: where this process runs.
        clock: of the process.
        counters: of the process.

    Attributes:
        answers: what was answered, which those count who ask.
        known: what is known of each endpoint.
        suspects: endpoints of which the last that is known is that they gave no answer.
        ended: how many requests each endpoint has ended, and how many of them in failure.
        admission: which regions may be asked; None for all.
    """

    admission: Admission | None = None

    def __init__(
        self,
        name: str,
        endpoints: tuple[Endpoint, ...],
        draining: Collection[int],
        rules: HealthRules,
        standpoint: Standpoint,
        clock: Clock,
        counters: Counters,
    ) -> None:
        self._name, self.endpoints, self._rules = name, endpoints, rules
        self.standpoint, self._clock, self._counters = standpoint, clock, counters
        now, size = clock.monotonic(), len(endpoints)
        self.answers, self._regions = Answers(size), RegionAnswers(endpoints)
        self.draining = frozenset(draining)
        self._outliers = Outliers(rules.outliers, size, now) if rules.outliers else None
        self._checks = [begun(now)] * size if rules.check else []
        self._refused = [0] * size
        self.suspects: set[int] = set()
        self._trials: dict[int, Check] = {}
        self._why: dict[int, str] = {}
        self._ejection: dict[int, str] = {}
        first = Status.UNKNOWN if rules.check else Status.HEALTHY
        self.known = tuple(EndpointHealth(first, draining=each in self.draining) for each in range(size))
        self.ended = [(0, 0)] * size
        self._distributed = now
        self._shown: tuple[object, ...] = (self.known, standpoint, self.admission)

    @property
    def ready(self) -> bool:
        """Whether any endpoint that may be asked is well."""
        return any(self.known[each].available for each in places(self.endpoints, self.admission))

    @property
    def available(self) -> tuple[int, ...]:
        """Numbers of the endpoints that are well; of all that do not drain where none is. None of a region that may not be
        asked: what stands by must not see a repeat before it serves.
        """
        may = places(self.endpoints, self.admission)
        well = tuple(each for each in may if self.known[each].available)
        return well or tuple(each for each in may if each not in self.draining)

    def replaced(self, endpoint: int) -> None:
        """Forgets what spoke against an endpoint: another process has just begun to run there."""
        self._refused[endpoint] = 0
        self._trials.pop(endpoint, None)
        if self._outliers is not None:
            self._outliers.released(endpoint)

    def regions(self) -> dict[str, RegionCounts] | None:
        """Returns what each region has answered since this was last called; None while anything is unknown yet."""
        return self._regions.take(self.known)

    def inherit(self, before: "Health") -> None:
        """Takes over what is known of endpoints that were there before the definition changed."""
        numbers = {endpoint.address: number for number, endpoint in enumerate(before.endpoints)}
        for number, endpoint in enumerate(self.endpoints):
            earlier = numbers.get(endpoint.address)
            if earlier is not None:
                self._take_over(number, before, earlier)
        self._renew_known()

    def _take_over(self, number: int, before: "Health", earlier: int) -> None:
        if self._checks and before._checks:
            self._checks[number] = before._checks[earlier]
        if self._outliers is not None and before._outliers is not None:
            self._outliers.monitors[number] = before._outliers.monitors[earlier]
        self.ended[number] = before.ended[earlier]
        if earlier in before._trials:
            self._trials[number] = before._trials[earlier]
        known = list(self.known)
        known[number] = before.known[earlier]
        self.known = tuple(known)

    def look(self) -> float:
        """Takes in what was answered, and ends ejections that are over; returns seconds until it should look again."""
        now = self._clock.monotonic()
        for endpoint, good, failure in self.answers.take():
            self._answered(endpoint, good, failure, now)
        outliers = self._outliers
        if outliers is None:
            return 1.0
        if outliers.due(now):
            self._ejected(outliers.sweep(now, _drawn(), self._usable()), now)
        return min(1.0, max(0.0, outliers.swept + outliers.rules.interval - now))

    def due(self, busy: Collection[int]) -> tuple[list[int], float]:
        """Returns the endpoints to be checked now, and the seconds until the next is due; but for those whose check is
        under way.
        """
        now = self._clock.monotonic()
        all_ = dict(enumerate(self._checks)) if self._checks else self._trials
        waiting = {number: check for number, check in all_.items() if number not in busy}
        found = [number for number, check in waiting.items() if due(check, now)]
        later = [check.next - now for number, check in waiting.items() if number not in found]
        return found, min(later, default=1.0)

    def checked(self, endpoint: int, result: Result) -> None:
        """Takes in what a check has said."""
        now = self._clock.monotonic()
        self._counters.add(Met(self._name, "check", result))
        if result is Result.PASSED:
            self._reached(endpoint)
        if self._rules.check is not None:
            self._checks[endpoint] = checked(self._checks[endpoint], result, self._rules.check, now, _drawn())
            self._why[endpoint] = f"its health check was {result}"
        elif endpoint in self._trials:
            self._trials[endpoint] = checked(self._trials[endpoint], result, _TRIALS, now, _drawn())

    def distribution(self) -> Distribution:
        """Returns how the traffic is shared now."""
        now = self._distributed = self._clock.monotonic()
        rules, admission = self._rules.balancing, self.admission
        return distributed(self.endpoints, self.known, rules, self.standpoint, now, admission)

    def changed(self) -> bool:
        """Tells whether the traffic has to be shared anew since `distribution` was last called."""
        self._renew_known()
        shown = (self.known, self.standpoint, self.admission)
        if shown != self._shown:
            self._shown = shown
            return True
        slow, now = self._rules.balancing.slow_start, self._clock.monotonic()
        if slow is None or now - self._distributed < _WARMING:
            return False
        # Also once after the last has its whole weight.
        return any(slow.warming(each, self._distributed) for each in self.known)

    def _answered(self, endpoint: int, good: int, failure: Failure | None, now: float) -> None:
        self._regions.add(endpoint, good, failure is not None, now)
        ended, failed = self.ended[endpoint]
        self.ended[endpoint] = ended + good + (failure is not None), failed + (failure is not None)
        if good:
            self._reached(endpoint)
            if self._outliers is not None:
                self._outliers.succeeded(endpoint, good)
        if failure is None:
            return
        if failure.status is None:
            self.suspects.add(endpoint)
        else:
            self.suspects.discard(endpoint)
        self._refused[endpoint] = 0 if failure.connected else self._refused[endpoint] + 1
        if failure.connected:
            self._trials.pop(endpoint, None)  # it takes connections again, if nothing else
        elif self._refused[endpoint] >= _REFUSALS and endpoint not in self._trials:
            self._trials[endpoint] = Check(now + _TRIALS.interval * _drawn(), Status.UNHEALTHY)
        if self._outliers is not None:
            self._ejected(self._outliers.failed(endpoint, failure.status, now, _drawn(), self._usable()), now)

    def _reached(self, endpoint: int) -> None:
        self._refused[endpoint] = 0
        self.suspects.discard(endpoint)
        if self._trials.pop(endpoint, None) is not None:
            self._is_back(endpoint, Status.UNHEALTHY, Status.HEALTHY)

    def _is_back(self, endpoint: int, before: Status, after: Status) -> None:
        """What was gone and is back need not wait for the end of an ejection that it got for being gone. Envoy ends
        one at any check that passes; so an endpoint whose checks pass and whose answers do not would be out for seconds.
        """
        if self._outliers is not None and (before, after) == (Status.UNHEALTHY, Status.HEALTHY):
            self._outliers.released(endpoint)

    def _ejected(self, ejections: Iterable[Ejection], now: float) -> None:
        for each in ejections:
            if each.what is not None and each.enforced:
                self._counters.add(Met(self._name, "ejection", each.what))
                self._ejection[each.endpoint] = f"{each.why}, for {each.seconds:g} s"

    def _usable(self) -> Sequence[bool]:
        return [self._status(each) is Status.HEALTHY and each not in self.draining for each in self._all()]

    def _all(self) -> range:
        return range(len(self.endpoints))

    def _status(self, endpoint: int) -> Status:
        if endpoint in self._trials:
            return Status.UNHEALTHY
        return self._checks[endpoint].status if self._checks else Status.HEALTHY

    def _renew_known(self) -> None:
        now, before = self._clock.monotonic(), self.known
        self.known = tuple(
            renewed(
                before[each],
                now,
                checked=self._status(each),
                ejected=self._outliers is not None and self._outliers.monitors[each].ejected is not None,
                draining=each in self.draining,
            )
            for each in self._all()
        )
        for number, (was, is_) in enumerate(zip(before, self.known, strict=True)):
            if was.status is not is_.status:
                self._tell(number, was.status, is_)

    def _tell(self, number: int, was: Status, is_: EndpointHealth) -> None:
        if was is Status.UNKNOWN and is_.available:
            return
        why = {
            Status.EJECTED: self._ejection.get(number, ""),
            Status.UNHEALTHY: "it refuses connections"
            if number in self._trials
            else self._why.get(number, ""),
        }.get(is_.status, "")
        _log.log(
            logging.INFO if is_.available else logging.WARNING,
            "upstream %s: %s was %s and is %s%s",
            self._name,
            self.endpoints[number].address,
            was,
            is_.status,
            f": {why}" if why else "",
        )


def _drawn() -> float:
    return random()  # noqa: S311 - a lot, and no secret
