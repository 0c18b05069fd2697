"""What users write about rollouts, and what of it goes together: `rollouts.py` makes a definition of it."""

from typing import Annotated, Literal

from msgspec import Meta

from reliakit.definitions.analysis_models import AnalysisSection
from reliakit.definitions.basics import (
    Condition,
    CookieName,
    HeaderName,
    Key,
    Model,
    Percentage,
    Requests,
    Text,
    Webhook,
)
from reliakit.definitions.quantities import Duration, Percent, Ratio

__all__ = [
    "MatchSection",
    "ObjectiveSection",
    "PostPromotionSection",
    "PrePromotionSection",
    "ReleaseSection",
    "RolloutSection",
    "SlotSection",
    "StepErrorSection",
    "StepSection",
    "WebhookSection",
]

Version = Annotated[
    Annotated[str, Meta(min_length=1, max_length=200)] | int,
    Meta(description="a version such as 2.4.1 or 4f2a91c", extra={"quantity": "version"}),
]
Expected = Annotated[str | Literal[True], Meta(description="text, or true for any value")]


class SlotSection(Model, frozen=True):
    """A place to run a version. One without an upstream is for the code that says so: `kit.rollout` around a function.

    Attributes:
        upstream: where its requests go: `app`, or a name in `upstreams`.
    """

    upstream: Key | None = None


class WebhookSection(Model, frozen=True):
    """Somebody else decides: it is asked until it answers.

    Attributes:
        webhook: the URL that is asked. Read it from the environment, since it often holds a token.
    """

    webhook: Webhook


Gate = Annotated[
    Literal["auto", "manual"] | WebhookSection,
    Meta(description="auto, manual or {webhook: https://…}"),
]


class StepErrorSection(Model, frozen=True):
    """How errors are judged in favour of one step; what isn't written is as in the analysis.

    Attributes:
        margin: of this step. Default: that of `analysis.error_rate`.
        floor: of this step. Default: that of `analysis.error_rate`.
    """

    margin: Ratio | None = None
    floor: Percent | None = None


class StepSection(Model, frozen=True):
    """One weight on the way, and what has to come true before the next.

    Attributes:
        weight: percent of visitors who get the canary: above 0, below 100, and above that of the step before.
        bake: how long it lasts at least. Default: 0s.
        requests: how many requests of the canary it lasts at least. Default: 0.
        pause: how long it waits once the evidence suffices. Default: 0s.
        gate: who lets it end then: the evidence alone, a person, or a webhook that is asked. Default: auto.
        error_rate: its own rule for going on.
    """

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
    """What has to come true in the preview, before everybody is switched.

    Attributes:
        gate: who lets everybody be switched; anything but `manual` needs a guard. Default: manual.
        bake: how long the preview lasts at least. Default: 0s.
        requests: how many requests of the preview there must be at least. Default: 0.
    """

    gate: Gate | None = None
    bake: Duration | None = None
    requests: Requests | None = None


class PostPromotionSection(Model, frozen=True):
    """What has to come true after everybody was switched.

    Attributes:
        bake: how long the guards judge before the release is successful. Default: 0s.
        requests: how many requests there must be by then at least. Default: 0.
    """

    bake: Duration | None = None
    requests: Requests | None = None


class ObjectiveSection(Model, frozen=True):
    """A service level objective: a spent error budget holds releases, and never a rollback.

    Attributes:
        objective: the share of requests that must be no errors; above 0% and below 100%.
        window: over which it is counted; 35d at most.
    """

    objective: Percent
    window: Duration = "30d"


class ReleaseSection(Model, frozen=True):
    """A release that the file asks for. A change of it starts one.

    Attributes:
        to: the slot that the version is in.
        version: what the version is called.
    """

    to: Key
    version: Version


class MatchSection(Model, frozen=True):
    """Whom an A/B test is about: all that is written must hold.

    Attributes:
        headers: request header -> its value, or true for any value.
        cookies: cookie -> its value, or true for any value.
        context: a condition over what the callable `identify` says of the visitor.
    """

    headers: dict[HeaderName, Expected] | None = None
    cookies: dict[CookieName, Expected] | None = None
    context: Condition | None = None


class RolloutSection(Model, frozen=True):
    """Two slots; the one that is not `initial` is the canary.

    Without `strategy` and `steps` it is a plain split: the canary gets `weight` percent, and nobody judges it.

    Attributes:
        slots: the two places to run a version.
        initial: the slot that is stable before there is any state; afterwards the store knows.
        strategy: how a release reaches everybody: by steps, at once after a preview, or not before somebody
            says so. Default: canary where there are `steps`, else none.
        weight: percent of visitors who get the canary, in a plain split and under `ab`.
        steps: the weights on the way, rising; 100 follows the last one by itself. Default: 5, 10, 20, 40, 80.
        pre_promotion: what comes before the switch; `blue_green` only.
        post_promotion: what comes after the switch; `blue_green` only. Default: the release is successful at
            once, and the rollback window follows.
        match: whom the test is about; `ab` only. Default: everybody.
        deadline: of each step, after which it is inconclusive; `ab` has none. Default: 24h.
        rollback_window: how long the version before is kept warm after success, and guards may still roll
            back. Default: 1h.
        sticky: by what visitors keep their slot: whoever has the targeting key, whoever has the browser, or
            not at all.
        salt: the salt name of its buckets. Default: `rollout:` with its name.
        analysis: what releases are judged by.
        slo: a spent error budget keeps a release from going on.
        release: a release that the file asks for.
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
