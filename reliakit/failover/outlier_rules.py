"""What an outlier is, and for how long it is ejected: names and figures are Envoy's."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Detection", "Ejection", "OutlierRules"]


class Detection(StrEnum):
    """Why an endpoint is an outlier."""

    CONSECUTIVE_5XX = "consecutive_5xx"
    CONSECUTIVE_GATEWAY_FAILURE = "consecutive_gateway_failure"
    SUCCESS_RATE = "success_rate"
    FAILURE_PERCENTAGE = "failure_percentage"


@dataclass(frozen=True, slots=True)
class OutlierRules:
    """When an endpoint is ejected, and for how long. Names as in Envoy; times are in seconds, shares in percent.

    `enforcing_...` is how often a detection ejects: 100 is always, and 0 only tells of it.
    """

    consecutive_5xx: int = 5
    enforcing_consecutive_5xx: float = 100.0
    consecutive_gateway_failure: int = 5
    enforcing_consecutive_gateway_failure: float = 0.0
    interval: float = 10.0
    base_ejection_time: float = 30.0
    max_ejection_time: float = 300.0
    max_ejection_percent: float = 10.0
    success_rate_minimum_hosts: int = 5
    success_rate_request_volume: int = 100
    success_rate_stdev_factor: float = 1.9
    enforcing_success_rate: float = 100.0
    failure_percentage_threshold: float = 85.0
    failure_percentage_minimum_hosts: int = 5
    failure_percentage_request_volume: int = 50
    enforcing_failure_percentage: float = 0.0

    def ejected_for(self, multiplier: int) -> float:
        """Returns the seconds of an ejection, from how often it came lately."""
        return min(self.base_ejection_time * multiplier, max(self.max_ejection_time, self.base_ejection_time))

    def enforced(self, what: Detection, drawn: float) -> bool:
        """Tells whether a detection ejects; `drawn` at random, 0 <= drawn < 1."""
        percent: float = getattr(self, f"enforcing_{what.value}")
        return drawn * 100 < percent


@dataclass(frozen=True, slots=True)
class Ejection:
    """One detection, or the end of an ejection.

    Attributes:
        endpoint: its number.
        what: was detected; None where an ejection has ended.
        enforced: whether it changed anything.
        seconds: how long the ejection lasts.
        why: for people.
    """

    endpoint: int
    what: Detection | None
    enforced: bool
    seconds: float
    why: str
