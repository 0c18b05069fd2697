"""What users write about rollouts, and what of it goes together: `rollouts.py` makes a definition of it."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from reliakit.definitions.basics import (
    Condition,
    CookieName,
    HeaderName,
    Key,
    Model,
    Percentage,
    Text,
    Webhook,
)
from reliakit.definitions.quantities import Duration, Percent, Ratio, Slowdown

__all__ = [
    "AnalysisSection",
    "ClientErrorSection",
    "ErrorSection",
    "GuardSection",
    "LatencySection",
    "MatchSection",
    "MetricSection",
    "ObjectiveSection",
    "OutsideSection",
    "PostPromotionSection",
    "PrePromotionSection",
    "RatioSection",
    "ReleaseSection",
    "RolloutSection",
    "SlotSection",
    "StepErrorSection",
    "StepSection",
    "WebhookSection",
]

Requests = Annotated[int, Meta(ge=1, le=1_000_000_000, description="a whole number of requests, 1 or more")]
Version = Annotated[
    Annotated[str, Meta(min_length=1, max_length=200)] | int,
    Meta(description="a version such as 2.4.1 or 4f2a91c", extra={"quantity": "version"}),
]
Guard = Annotated[
    dict[str, Any],
    Meta(
        description="a guard such as {error_rate: 5%, for: 2m}", extra_json_schema={"$ref": "#/$defs/Guard"}
    ),
]
Number = Annotated[float, Meta(description="a number")]
Expected = Annotated[str | Literal[True], Meta(description="text, or true for any value")]


class SlotSection(Model, frozen=True):
    """A place to run a version. One without an upstream is for the code that says so: `kit.rollout` around a function."""

    upstream: Key | None = None


class WebhookSection(Model, frozen=True):
    """Somebody else decides: it is asked until it answers."""

    webhook: Webhook


Gate = Annotated[
    Literal["auto", "manual"] | WebhookSection,
    Meta(description="auto, manual or {webhook: https://…}"),
]


class StepErrorSection(Model, frozen=True):
    """How errors are judged in favour of one step; what isn't written is as in the analysis."""

    margin: Ratio | None = None
    floor: Percent | None = None


class StepSection(Model, frozen=True):
    """One weight on the way, and what has to come true before the next."""

    weight: Percentage
    bake: Duration | None = None
    requests: Requests | None = None
    pause: Duration | None = None
    gate: Gate | None = None
    error_rate: StepErrorSection | None = None


Steps = Annotated[
    tuple[
        Annotated[
            Percentage | StepSection,
            Meta(description="a weight such as 20, or a step such as {weight: 20, bake: 10m}"),
        ],
        ...,
    ],
    Meta(
        min_length=1,
        max_length=100,
        description="a list of steps such as [5, 20, {weight: 50, gate: manual}]",
    ),
]


class PrePromotionSection(Model, frozen=True):
    """What has to come true in the preview, before everybody is switched."""

    gate: Gate | None = None
    bake: Duration | None = None
    requests: Requests | None = None


class PostPromotionSection(Model, frozen=True):
    """What has to come true after everybody was switched."""

    bake: Duration | None = None
    requests: Requests | None = None


class RatioSection(Model, frozen=True):
    """After how many requests of the canary, and how many times stable's error rate is too much."""

    requests: Requests | None = None
    times: Ratio | None = None


class ErrorSection(Model, frozen=True):
    """What is tolerated before a release is rolled back, and what has to be ruled out before it goes on."""

    tolerate: Ratio | None = None
    margin: Ratio | None = None
    floor: Percent | None = None
    rollback_floor: Percent | None = None


class ClientErrorSection(Model, frozen=True):
    """What is tolerated before a release is held."""

    tolerate: Ratio | None = None


class LatencySection(Model, frozen=True):
    """How much slower is tolerated, and how much slower has to be ruled out."""

    tolerate: Slowdown | None = None
    margin: Slowdown | None = None


class MetricSection(ErrorSection, frozen=True):
    """A business metric, which is judged as errors are."""

    better: Literal["lower", "higher"] = "lower"


class GuardSection(Model, frozen=True, rename={"for_": "for"}):
    """An absolute limit. The key of a quantile, such as p99, is not one of these: there are too many to list."""

    for_: Duration
    error_rate: Percent | None = None
    client_errors: Percent | None = None
    metric: Key | None = None
    above: Percent | None = None
    below: Percent | None = None
    requests: Requests | None = None


class OutsideSection(Model, frozen=True, rename={"for_": "for"}):
    """A metric that something else measures: a query to a Prometheus, and the value that is too much or too little."""

    prometheus: Webhook
    query: Text
    for_: Duration
    above: Number | None = None
    below: Number | None = None


class AnalysisSection(Model, frozen=True):
    """What releases are judged by."""

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


class ObjectiveSection(Model, frozen=True):
    """A service level objective."""

    objective: Percent
    window: Duration = "30d"


class ReleaseSection(Model, frozen=True):
    """A release that the file asks for."""

    to: Key
    version: Version


class MatchSection(Model, frozen=True):
    """Whom an A/B test is about: all that is written must hold."""

    headers: dict[HeaderName, Expected] | None = None
    cookies: dict[CookieName, Expected] | None = None
    context: Condition | None = None


class RolloutSection(Model, frozen=True):
    """Two slots; the one that is not `initial` is the canary.

    Without `strategy` and `steps` it is a plain split: the canary gets `weight` percent, and nobody judges it.
    """

    slots: dict[Key, SlotSection]
    initial: Key
    strategy: Literal["canary", "blue_green", "ab"] | None = None
    weight: Percentage | None = None
    steps: Steps | None = None
    pre_promotion: PrePromotionSection | None = None
    post_promotion: PostPromotionSection | None = None
    match: MatchSection | None = None
    deadline: Duration | None = None
    rollback_window: Duration | None = None
    sticky: Literal["user", "session", "none"] = "user"
    salt: Text | None = None
    analysis: AnalysisSection | None = None
    slo: ObjectiveSection | None = None
    release: ReleaseSection | None = None
