"""What users write: the model of a definitions document.

Every format is read into these. Field descriptions are phrases that complete "expected ...", so the same words
serve error messages, the JSON Schema and the reference.
"""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from reliakit.definitions.basics import (
    Address,
    Condition,
    CookieName,
    HeaderName,
    Key,
    Model,
    Percentage,
    Secret,
    Text,
)
from reliakit.definitions.operating_models import NotifySection, StoreSection
from reliakit.definitions.quantities import Duration
from reliakit.definitions.rollout_models import RolloutSection, SlotSection

__all__ = [
    "Condition",
    "Cookie",
    "Definitions",
    "Flag",
    "IdentitySection",
    "NotifySection",
    "Overrides",
    "RolloutSection",
    "RouteSection",
    "RuleSection",
    "SlotSection",
    "StoreSection",
]

Share = Annotated[float, Meta(ge=0, le=1_000_000, description="a share of 0 or more")]
Variant = Annotated[bool | str, Meta(description="a variant's name, or on or off")]
User = Annotated[str | int, Meta(description="a user's targeting key")]
KeySource = Literal["identified", "header", "anonymous_cookie"]
Value = Annotated[
    str | int | float | bool | dict[str, Any] | list[Any] | None,
    Meta(
        description="a value: text, a number, true or false, a list or a mapping",
        extra_json_schema={"$ref": "#/$defs/Value"},
    ),
]


class RuleSection(Model, frozen=True, rename={"if_": "if"}):
    """Whom `if` holds for gets `value`, or a share by `percentage` or `split`; on where none of them is given."""

    if_: Condition
    description: str | None = None
    value: Variant | None = None
    percentage: Percentage | None = None
    split: dict[Key, Share] | None = None


Rule = Annotated[RuleSection, Meta(description="a rule such as {if: {plan: pro}, percentage: 25}")]


class Flag(Model, frozen=True):
    """A feature flag: on and off, or variants with values of their own."""

    description: str | None = None
    owner: Text | None = None
    kind: Literal["release", "experiment", "ops", "permission"] | None = None
    created: date | None = None
    public: bool = False
    enabled: bool = True
    variants: Annotated[dict[Key, Value], Meta(min_length=1)] | None = None
    default: Variant | None = None
    salt: Text | None = None
    prerequisites: tuple[Key, ...] | dict[Key, Variant] = ()
    allowlist: tuple[User, ...] | dict[Key, tuple[User, ...]] = ()
    rules: tuple[Rule, ...] = ()
    percentage: Percentage | None = None
    split: dict[Key, Share] | None = None
    otherwise: Variant | None = None


class Cookie(Model, frozen=True):
    """The signed cookie that recognises visitors who are not identified."""

    name: CookieName = "reliakit_id"
    keys: tuple[Secret, ...] = ()
    max_age_days: Annotated[int, Meta(ge=1, le=400, description="a whole number of days from 1 to 400")] = 365


class IdentitySection(Model, frozen=True):
    """Who is asking: the first source that is present."""

    targeting_key: tuple[KeySource, ...] = ("identified", "anonymous_cookie")
    header: HeaderName | None = None
    trusted_proxies: tuple[Text, ...] = ()
    cookie: Cookie = Cookie()


class Overrides(Model, frozen=True):
    """Who may force a slot or a flag by header or cookie."""

    keys: tuple[Secret, ...] = ()
    unsigned_in: tuple[Text, ...] = ()


class RouteSection(Model, frozen=True):
    """What a request must look like, and where it goes: exactly one of `rollout` and `upstream`."""

    path_prefix: Annotated[str, Meta(pattern=r"^/", description="a path that starts with /")] | None = None
    host: Text | None = None
    method: Text | tuple[Text, ...] | None = None
    header: dict[Text, str | Literal[True]] | None = None
    rollout: Key | None = None
    upstream: Key | None = None


class Outcomes(Model, frozen=True):
    """Which status codes are errors (of the service), which are client errors, and when no answer is an error."""

    errors: tuple[Text | int, ...] = ("5xx",)
    client_errors: tuple[Text | int, ...] = ("4xx",)
    timeout: Duration = "60s"


class Definitions(Model, frozen=True):
    """A whole document."""

    format: Literal[1]
    environment: Text | None = None
    revision: Text | None = None
    store: (
        Annotated[
            Address | StoreSection, Meta(description="a store such as sqlite, redis://… or postgresql://…")
        ]
        | None
    ) = None
    identity: IdentitySection = IdentitySection()
    overrides: Overrides = Overrides()
    outcomes: Outcomes = Outcomes()
    segments: dict[Key, Condition] = field(default_factory=dict)
    flags: dict[Key, Annotated[Flag, Meta(description="a flag such as {percentage: 10}")]] = field(
        default_factory=dict
    )
    upstreams: dict[Key, Literal["in_process"]] = field(default_factory=dict)
    rollouts: dict[Key, RolloutSection] = field(default_factory=dict)
    routes: tuple[RouteSection, ...] = ()
    notify: tuple[
        Annotated[NotifySection, Meta(description="whom to tell, such as {webhook: https://…}")], ...
    ] = ()
