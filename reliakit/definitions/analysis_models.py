"""What users write about how releases are judged; `analysis.py` and `guards.py` make rules of it."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from reliakit.definitions.basics import Key, Model, Requests, Text, Webhook
from reliakit.definitions.quantities import Duration, Percent, Ratio, Slowdown

__all__ = [
    "AnalysisSection",
    "ClientErrorSection",
    "ErrorSection",
    "GuardSection",
    "LatencySection",
    "MetricSection",
    "OutsideSection",
    "RatioSection",
]

Guard = Annotated[
    dict[str, Any],
    Meta(
        description="a guard such as {error_rate: 5%, for: 2m}", extra_json_schema={"$ref": "#/$defs/Guard"}
    ),
]
Number = Annotated[float, Meta(description="a number")]


class RatioSection(Model, frozen=True):
    """After how many requests of the canary, and how many times stable's error rate is too much.

    Attributes:
        requests: of the canary, after which a step is decided. Default: 1000.
        times: the release is rolled back above so many times stable's error rate; 1x or more. Default: 2x.
    """

    requests: Requests | None = None
    times: Ratio | None = None


class ErrorSection(Model, frozen=True):
    """What is tolerated before a release is rolled back, and what has to be ruled out before it goes on.

    Attributes:
        tolerate: rolled back is what fails more often than so many times as stable; from 1x to 16x. Default:
            1x.
        margin: a step goes on when the canary is shown to fail less often than so many times as stable.
            Default: 2x, or 1.4 times `tolerate` where that is more.
        floor: below this rate a canary may go on whatever stable does; 0% takes it away. Default: 0.5%.
        rollback_floor: rolled back is only what is shown to fail more often than this, too; below 12.5%.
            Default: none.
    """

    tolerate: Ratio | None = None
    margin: Ratio | None = None
    floor: Percent | None = None
    rollback_floor: Percent | None = None


class ClientErrorSection(Model, frozen=True):
    """What is tolerated before a release is held.

    Attributes:
        tolerate: held is what has client errors more often than so many times as stable; from 1x to 16x.
            Default: 1x.
    """

    tolerate: Ratio | None = None


class LatencySection(Model, frozen=True):
    """How much slower is tolerated, and how much slower has to be ruled out.

    Attributes:
        tolerate: how much slower a canary may be. Default: 0%.
        margin: how much slower has to be ruled out before a step goes on. Default: 25% more than `tolerate`.
    """

    tolerate: Slowdown | None = None
    margin: Slowdown | None = None


class MetricSection(ErrorSection, frozen=True):
    """A business metric, which is judged as errors are.

    Attributes:
        better: whether a release is good when fewer or when more requests report it.
        tolerate: rolled back is what is worse than so many times as stable; from 1x to 16x. Default: 1x.
        margin: a step goes on when it is shown that the canary is not so many times worse than stable.
            Default: 2x, or 1.4 times `tolerate` where that is more.
        floor: below this rate a canary may go on whatever stable does; 0% takes it away. Default: 0.5%.
        rollback_floor: rolled back is only what is shown to be more than this, too; below 12.5%. Default:
            none.
    """

    better: Literal["lower", "higher"] = "lower"


class GuardSection(Model, frozen=True, rename={"for_": "for"}):
    """An absolute limit for the canary: exactly one of `error_rate`, `client_errors`, `metric` and a quantile.

    The key of a quantile, such as p99, is not one of these: there are too many to list.

    Attributes:
        for_: how long the limit must be breached; `0s` is at once.
        error_rate: the share of errors that is too much.
        client_errors: the share of client errors that is too much.
        metric: a metric of the analysis, with `above` or `below`.
        above: the share of requests with the metric that is too much.
        below: the share of requests with the metric that is too little, where higher is better.
        requests: how many requests make a measurement; fewer are not measured yet. Default: 20, and more for
            quantiles.
    """

    for_: Duration
    error_rate: Percent | None = None
    client_errors: Percent | None = None
    metric: Key | None = None
    above: Percent | None = None
    below: Percent | None = None
    requests: Requests | None = None


class OutsideSection(Model, frozen=True, rename={"for_": "for"}):
    """A metric that something else measures: a query to a Prometheus, and the value that is too much or too little.

    Attributes:
        prometheus: the address of what answers `/api/v1/query`, with its path prefix if it has one. Read it
            from the environment where it holds a password.
        query: in PromQL; of several series the worst one counts.
        for_: how long every look must be out of the limit.
        above: what is too much. Exactly one of `above` and `below`.
        below: what is too little.
    """

    prometheus: Webhook
    query: Text
    for_: Duration
    above: Number | None = None
    below: Number | None = None


class AnalysisSection(Model, frozen=True):
    """What releases are judged by.

    Attributes:
        judge: by sequential tests, or by the ratio of two error rates. Default: sequential.
        ratio: what `judge: ratio` goes by.
        dry_run: true judges and tells, and acts on nothing.
        alpha: the probability of rolling back a good release, over the whole of it; above 0% and below 100%.
            Default: 1%.
        error_rate: how errors are judged.
        client_errors: how client errors are judged: they hold a release and never roll it back. `false`
            leaves them out.
        latency: how durations are judged. Default: they are not.
        metrics: name -> how what `kit.fail` and `kit.track` report is judged.
        guards: absolute limits for the canary, and the only judges where stable does not run beside it.
        outside: name -> a metric that something else measures.
    """

    judge: Literal["sequential", "ratio"] | None = None
    ratio: RatioSection | None = None
    dry_run: bool = False
    alpha: Percent | None = None
    error_rate: ErrorSection | None = None
    client_errors: (
        Annotated[
            ClientErrorSection | Literal[False],
            Meta(description="what is tolerated, such as {tolerate: 1.4x}, or false to leave them out"),
        ]
        | None
    ) = None
    latency: LatencySection | None = None
    metrics: dict[Key, MetricSection] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    outside: dict[Key, OutsideSection] = field(default_factory=dict)
