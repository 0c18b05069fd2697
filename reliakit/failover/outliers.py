"""Outlier detection: takes out the endpoints that answer worse than the others. Algorithm and figures are Envoy's.

What differs: the last available endpoint is never ejected (see docs/adr/0016).
Source: "Outlier detection" of Envoy's documentation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, inf, sqrt

from reliakit.failover.outlier_rules import Detection, Ejection, OutlierRules

__all__ = ["Monitor", "Outliers", "success_rate_threshold"]


_GATEWAY = frozenset({502, 503, 504, None})
_Found = tuple[int, Detection, str]


@dataclass(slots=True)
class Monitor:
    """What an endpoint has answered. It has one writer, like a tally.

    Attributes:
        errors: answers of 5xx in a row.
        gateway_failures: answers of 502, 503 and 504 in a row.
        requests, successes: since the last sweep.
        multiplier: ejections lately; healthy sweeps lower it.
        ejected: when the present ejection began; None outside of one.
    """

    errors: int = 0
    gateway_failures: int = 0
    requests: int = 0
    successes: int = 0
    multiplier: int = 0
    ejected: float | None = None

    @property
    def rate(self) -> float:
        """The share of successes since the last sweep, in percent."""
        return 100 * self.successes / self.requests


class Outliers:
    """The outlier detection of one upstream, in one process.

    Args:
        rules: of the upstream.
        endpoints: how many it has.
        now: seconds, monotonic.
    """

    __slots__ = ("monitors", "rules", "swept")

    def __init__(self, rules: OutlierRules, endpoints: int, now: float) -> None:
        self.rules, self.swept = rules, now
        self.monitors = [Monitor() for _ in range(endpoints)]

    def succeeded(self, endpoint: int, times: int = 1) -> None:
        """Counts answers below 500, one or several in a row."""
        monitor = self.monitors[endpoint]
        monitor.requests += times
        monitor.successes += times
        monitor.errors = monitor.gateway_failures = 0

    def failed(
        self, endpoint: int, status: int | None, now: float, drawn: float, usable: Sequence[bool]
    ) -> list[Ejection]:
        """Counts a failure, and returns what follows: mostly nothing.

        Args:
            endpoint: which failed.
            status: 500 or above; None where no answer came.
            now: seconds, monotonic.
            drawn: at random, 0 <= drawn < 1.
            usable: for each endpoint, whether it were available if it were not ejected.
        """
        monitor, rules = self.monitors[endpoint], self.rules
        monitor.requests += 1
        monitor.errors += 1
        monitor.gateway_failures = monitor.gateway_failures + 1 if status in _GATEWAY else 0
        found = list[Detection]()
        if monitor.errors == rules.consecutive_5xx:
            monitor.errors = 0
            found.append(Detection.CONSECUTIVE_5XX)
        if monitor.gateway_failures == rules.consecutive_gateway_failure:
            monitor.gateway_failures = 0
            found.append(Detection.CONSECUTIVE_GATEWAY_FAILURE)
        return self._detected([(endpoint, what, f"{what} in a row") for what in found], now, drawn, usable)

    def released(self, endpoint: int) -> None:
        """Ends an ejection before its time: the endpoint was gone altogether, and is back."""
        monitor = self.monitors[endpoint]
        monitor.ejected, monitor.errors, monitor.gateway_failures = None, 0, 0

    def due(self, now: float) -> bool:
        """Tells whether it is time to sweep."""
        return now - self.swept >= self.rules.interval

    def sweep(self, now: float, drawn: float, usable: Sequence[bool]) -> list[Ejection]:
        """Ends ejections that are over, compares the endpoints, and begins to count anew. Arguments as of `failed`."""
        ended = [each for number in range(len(self.monitors)) if (each := self._back(number, now))]
        found = [*self._slow_to_succeed(), *self._mostly_failing()]
        ejected = self._detected(found, now, drawn, usable)
        for monitor in self.monitors:
            monitor.requests = monitor.successes = 0
        self.swept = now
        return ended + ejected

    def next_end(self) -> float:
        """Returns when the next ejection is over, or infinity. It ends with the sweep that follows."""
        return min((self._end(each) for each in self.monitors if each.ejected is not None), default=inf)

    def _end(self, monitor: Monitor) -> float:
        assert monitor.ejected is not None
        return monitor.ejected + self.rules.ejected_for(monitor.multiplier)

    def _back(self, number: int, now: float) -> Ejection | None:
        monitor = self.monitors[number]
        if monitor.ejected is None:
            monitor.multiplier = max(0, monitor.multiplier - 1)
        elif now >= self._end(monitor):
            self.released(number)
            return Ejection(number, None, True, 0.0, "its ejection is over")
        return None

    def _compared(self, volume: int, least: int) -> list[tuple[int, Monitor]]:
        """Endpoints with enough requests to be compared; none where they are too few."""
        enough = [
            (number, monitor)
            for number, monitor in enumerate(self.monitors)
            if monitor.ejected is None and monitor.requests >= max(1, volume)
        ]
        return enough if len(enough) >= least else []

    def _slow_to_succeed(self) -> list[_Found]:
        rules = self.rules
        compared = self._compared(rules.success_rate_request_volume, rules.success_rate_minimum_hosts)
        if not compared:
            return []
        least = success_rate_threshold([each.rate for _, each in compared], rules.success_rate_stdev_factor)
        return [
            (number, Detection.SUCCESS_RATE, f"{each.rate:.1f} % succeed, below {least:.1f} %")
            for number, each in compared
            if each.rate < least
        ]

    def _mostly_failing(self) -> list[_Found]:
        rules = self.rules
        return [
            (number, Detection.FAILURE_PERCENTAGE, f"{100 - each.rate:.1f} % fail")
            for number, each in self._compared(
                rules.failure_percentage_request_volume, rules.failure_percentage_minimum_hosts
            )
            if 100 - each.rate >= rules.failure_percentage_threshold
        ]

    def _detected(
        self, found: Sequence[_Found], now: float, drawn: float, usable: Sequence[bool]
    ) -> list[Ejection]:
        return [
            self._ejected(number, what, why, now)
            if self.rules.enforced(what, drawn) and self._room(number, usable)
            else Ejection(number, what, False, 0.0, why)
            for number, what, why in found
            if self.monitors[number].ejected is None
        ]

    def _room(self, endpoint: int, usable: Sequence[bool]) -> bool:
        """Whether one more may be ejected: the first always, others within the limit, and never the last available."""
        ejected = [monitor.ejected is not None for monitor in self.monitors]
        others = any(usable[each] and not ejected[each] for each in range(len(ejected)) if each != endpoint)
        already = sum(ejected)
        within = 100 * (already + 1) / len(ejected) <= self.rules.max_ejection_percent
        return others and (not already or within)

    def _ejected(self, endpoint: int, what: Detection, why: str, now: float) -> Ejection:
        monitor, rules = self.monitors[endpoint], self.rules
        monitor.ejected = now
        # It grows no further once it reaches the maximum, or an endpoint that got well would wait for ever to be trusted.
        if monitor.multiplier * rules.base_ejection_time < rules.max_ejection_time + rules.base_ejection_time:
            monitor.multiplier += 1
        return Ejection(endpoint, what, True, rules.ejected_for(monitor.multiplier), why)


def success_rate_threshold(rates: Sequence[float], stdev_factor: float) -> float:
    """Returns the rate below which an endpoint is an outlier: the mean less so many standard deviations."""
    mean = fsum(rates) / len(rates)
    return mean - stdev_factor * sqrt(fsum((rate - mean) ** 2 for rate in rates) / len(rates))
