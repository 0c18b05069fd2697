"""What users write about the health of an upstream's endpoints. Names and defaults are Envoy's."""

from typing import Annotated

from msgspec import Meta

from reliakit.definitions.basics import END, Model, Percentage, Requests, Text
from reliakit.definitions.quantities import Duration

__all__ = ["HealthCheckSection", "OutlierSection", "SlowStartSection"]

Times = Annotated[int, Meta(ge=1, le=1_000, description="a whole number from 1 to 1000")]
Hosts = Annotated[int, Meta(ge=1, le=100_000, description="a whole number of endpoints, 1 or more")]
CheckPath = Annotated[
    str, Meta(pattern=rf"^/[!-~]{{0,2000}}{END}", description="a path that starts with /, as in /healthz")
]
Host = Annotated[str, Meta(pattern=rf"^[!-~]{{1,255}}{END}", description="a host name")]


class HealthCheckSection(Model, frozen=True):
    """How each worker finds out whether an endpoint is well, beside the requests that it sends there anyway.

    Attributes:
        http: the path that is asked for; one of `http` and `tcp` is needed.
        tcp: true is content where a connection comes about.
        expected: the status codes of an endpoint that is well, or classes and ranges of them.
        host: the Host header of a check by HTTP. Default: the host in `url`.
        interval: from the end of a check to the next one.
        jitter: the longest time that is added to it at random, so that workers do not check in step.
        timeout: how long an endpoint has to answer.
        healthy_threshold: checks in a row that have to pass before an endpoint that was out gets requests again. The
            first check of all is enough.
        unhealthy_threshold: checks in a row without an answer after which it gets none. One other answer than the
            expected is enough.
    """

    http: CheckPath | None = None
    tcp: bool = False
    expected: tuple[Text | int, ...] = (200,)
    host: Host | None = None
    interval: Duration = "5s"
    jitter: Duration = "1s"
    timeout: Duration = "1s"
    healthy_threshold: Times = 2
    unhealthy_threshold: Times = 3


class OutlierSection(Model, frozen=True):
    """When an endpoint that answers worse than the others is ejected, which is to get no requests for a while.

    Each worker judges by its own requests. The last endpoint that is available is never ejected.

    Attributes:
        consecutive_5xx: answers of 5xx, or none, in a row.
        enforcing_consecutive_5xx: how often that ejects; 0 only counts it.
        consecutive_gateway_failure: answers of 502, 503 and 504, or none, in a row.
        enforcing_consecutive_gateway_failure: how often that ejects.
        interval: between two sweeps, which end ejections and compare endpoints.
        base_ejection_time: how long the first ejection lasts; each further one lasts so much longer.
        max_ejection_time: how long one lasts at most.
        max_ejection_percent: of the endpoints may be ejected at a time; one always may.
        success_rate_minimum_hosts: endpoints with enough requests that it takes to compare them.
        success_rate_request_volume: requests between two sweeps that are enough.
        success_rate_stdev_factor: an endpoint is an outlier whose rate is below the mean by so many standard
            deviations.
        enforcing_success_rate: how often that ejects.
        failure_percentage_threshold: failures of an endpoint from which on it is an outlier whatever others do.
        failure_percentage_minimum_hosts: endpoints with enough requests that this takes.
        failure_percentage_request_volume: requests between two sweeps that are enough.
        enforcing_failure_percentage: how often that ejects.
    """

    consecutive_5xx: Times = 5
    enforcing_consecutive_5xx: Percentage = 100
    consecutive_gateway_failure: Times = 5
    enforcing_consecutive_gateway_failure: Percentage = 0
    interval: Duration = "10s"
    base_ejection_time: Duration = "30s"
    max_ejection_time: Duration = "300s"
    max_ejection_percent: Percentage = 10
    success_rate_minimum_hosts: Hosts = 5
    success_rate_request_volume: Requests = 100
    success_rate_stdev_factor: Annotated[
        float, Meta(ge=0, le=100, description="a number from 0 to 100, such as 1.9")
    ] = 1.9
    enforcing_success_rate: Percentage = 100
    failure_percentage_threshold: Percentage = 85
    failure_percentage_minimum_hosts: Hosts = 5
    failure_percentage_request_volume: Requests = 50
    enforcing_failure_percentage: Percentage = 0


class SlowStartSection(Model, frozen=True):
    """How an endpoint that has become well again gets its share of the requests, bit by bit.

    Attributes:
        window: until it has all of it.
        aggression: 1 rises in a straight line, more rises faster at first.
        minimum: of its share that it gets at once, in percent.
    """

    window: Duration
    aggression: Annotated[float, Meta(gt=0, le=100, description="a number above 0, such as 1.0")] = 1.0
    minimum: Annotated[float, Meta(gt=0, le=100, description="a percentage above 0, such as 10")] = 10
