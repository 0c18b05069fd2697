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
from reliakit.definitions.listen_models import ListenSection
from reliakit.definitions.operating_models import NotifySection, StoreSection
from reliakit.definitions.quantities import Duration
from reliakit.definitions.rollout_models import RolloutSection, SlotSection
from reliakit.definitions.upstream_models import NodeSection, UpstreamSection

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
Detail = Annotated[str | int | float | bool, Meta(description="text, a number, true or false")]
Value = Annotated[
    str | int | float | bool | dict[str, Any] | list[Any] | None,
    Meta(
        description="a value: text, a number, true or false, a list or a mapping",
        extra_json_schema={"$ref": "#/$defs/Value"},
    ),
]


class RuleSection(Model, frozen=True, rename={"if_": "if"}):
    """Whom `if` holds for gets `value`, or a share by `percentage` or `split`; on where none of them is given.

    Attributes:
        if_: whom it holds for: the keys are attributes of the evaluation context, or `all`, `any`, `not` and
            `segment`.
        description: for people.
        value: the variant that they get. Default: on; a flag with variants needs `value` or `split`.
        percentage: the share of them for whom the flag is on; the others get off.
        split: variant -> its share of them; shares need not add up to 100.
    """

    if_: Condition
    description: str | None = None
    value: Variant | None = None
    percentage: Percentage | None = None
    split: dict[Key, Share] | None = None


Rule = Annotated[RuleSection, Meta(description="a rule such as {if: {plan: pro}, percentage: 25}")]


class Flag(Model, frozen=True):
    """A feature flag: on and off, or variants with values of their own.

    Attributes:
        description: for people.
        owner: who answers for it; OpenFeature's metadata has it.
        kind: how long it is meant to live: a release or an experiment for weeks, an ops or permission flag
            for good. OpenFeature's metadata has it.
        created: the day on which it was added.
        public: whether front ends may ask for it by OFREP without a token.
        metadata: name -> text, a number, true or false: what else whoever evaluates the flag should know.
            OpenFeature's metadata has it.
        enabled: false is off for everybody, whatever else is written, with the reason DISABLED.
        variants: name -> value. Default: on and off, with the values true and false.
        default: the variant that counts as off. Default: off, or the first of `variants`.
        salt: the salt name of its buckets: flags with the same one split alike. Default: the flag's key.
        prerequisites: flags that must be on for the same user, or flag -> the variant that it must answer;
            else this one is off.
        allowlist: users for whom it is on, or variant -> its users; they win over rules.
        rules: the first one whose `if` holds decides.
        percentage: the share of everyone else for whom it is on.
        split: variant -> its share of everyone else; shares need not add up to 100.
        otherwise: what everyone else gets, in place of a share. Default: off where there is an allowlist or a
            rule, else on; with `variants` always the one that counts as off.
    """

    description: str | None = None
    owner: Text | None = None
    kind: Literal["release", "experiment", "ops", "permission"] | None = None
    created: date | None = None
    public: bool = False
    metadata: dict[Text, Detail] = field(default_factory=dict)
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
    """The signed cookie that recognises visitors who are not identified.

    Attributes:
        name: of the cookie.
        keys: the first one signs, all verify; several hosts need the same ones. Default: one that the
            processes of a host share.
        max_age_days: how long a browser keeps it.
    """

    name: CookieName = "reliakit_id"
    keys: tuple[Secret, ...] = ()
    max_age_days: Annotated[int, Meta(ge=1, le=400, description="a whole number of days from 1 to 400")] = 365


class IdentitySection(Model, frozen=True):
    """Who is asking: the first source that is present.

    Attributes:
        targeting_key: where the targeting key comes from, in this order.
        header: the request header that holds the key, where `targeting_key` lists `header`; believed only
            from trusted proxies, and stripped from all other requests.
        trusted_proxies: addresses and networks whose header is believed; `unix` stands for a unix socket.
        cookie: the cookie that `anonymous_cookie` sets.
    """

    targeting_key: tuple[KeySource, ...] = ("identified", "anonymous_cookie")
    header: HeaderName | None = None
    trusted_proxies: tuple[Text, ...] = ()
    cookie: Cookie = Cookie()


class Overrides(Model, frozen=True):
    """Who may force a slot or a flag by header or cookie.

    Attributes:
        keys: secrets by which overrides may be signed (`reliakit override --key`); each of them is accepted.
        unsigned_in: the values of `environment` in which unsigned overrides count, too. Name no place that
            the public can reach.
    """

    keys: tuple[Secret, ...] = ()
    unsigned_in: tuple[Text, ...] = ()


class RouteSection(Model, frozen=True):
    """What a request must look like, and where it goes: exactly one of `rollout` and `upstream`.

    Attributes:
        path_prefix: whole segments that the path starts with: `/shop` matches `/shop` and `/shop/cart`, and
            not `/shopping`.
        host: the Host header, without its port.
        method: one HTTP method, or several.
        header: header -> its value, or true for any value; all must be there.
        rollout: the rollout that the request goes through.
        upstream: the upstream that it goes to; `app` is the application that reliakit wraps.
    """

    path_prefix: Annotated[str, Meta(pattern=r"^/", description="a path that starts with /")] | None = None
    host: Text | None = None
    method: Text | tuple[Text, ...] | None = None
    header: dict[Text, str | Literal[True]] | None = None
    rollout: Key | None = None
    upstream: Key | None = None


class Outcomes(Model, frozen=True):
    """Which status codes are errors (of the service), which are client errors, and when no answer is an error.

    Attributes:
        errors: status codes, or classes of them such as 5xx, that count as errors of the service.
        client_errors: status codes, or classes of them, that count as errors of the client.
        timeout: a response that has not begun by then counts as an error. It ends nothing.
    """

    errors: tuple[Text | int, ...] = ("5xx",)
    client_errors: tuple[Text | int, ...] = ("4xx",)
    timeout: Duration = "60s"


class Definitions(Model, frozen=True):
    """A whole document.

    Attributes:
        format: the version of this format, which is 1. A file has to have it, so that a later one can be told
            apart.
        environment: the name of the place where this runs; `overrides.unsigned_in` compares with it.
        revision: what these definitions call themselves, such as a commit; `kit.revision` and OpenFeature's flag
            metadata have it.
        store: where workers share their state. Default: sqlite, which is a file in `.reliakit/` beside the
            definitions; definitions that are no file share nothing.
        node: where this process runs.
        listen: how `reliakit serve` listens; a process that serves its own application ignores it.
        identity: who is asking.
        overrides: who may force slots and flags.
        outcomes: what counts as an error.
        segments: name -> a condition that rules and other segments can name.
        flags: key -> flag.
        upstreams: name -> where requests can go beside the application that reliakit wraps, which is `app`;
            `in_process` is an application that was given to `kit.asgi` or `kit.wsgi` under that name, and anything
            else is reached over the network.
        rollouts: name -> rollout.
        routes: the first one that matches decides; what none matches goes to `app`.
        notify: whom to tell of what happens to releases and definitions.
    """

    format: Literal[1]
    environment: Text | None = None
    revision: Text | None = None
    store: (
        Annotated[
            Address | StoreSection, Meta(description="a store such as sqlite, redis://… or postgresql://…")
        ]
        | None
    ) = None
    node: NodeSection = NodeSection()
    listen: ListenSection = ListenSection()
    identity: IdentitySection = IdentitySection()
    overrides: Overrides = Overrides()
    outcomes: Outcomes = Outcomes()
    segments: dict[Key, Condition] = field(default_factory=dict)
    flags: dict[Key, Annotated[Flag, Meta(description="a flag such as {percentage: 10}")]] = field(
        default_factory=dict
    )
    upstreams: dict[
        Key,
        Annotated[
            Literal["in_process"] | UpstreamSection,
            Meta(description="in_process, or endpoints such as {endpoints: [{url: http://10.0.1.5:8000}]}"),
        ],
    ] = field(default_factory=dict)
    rollouts: dict[Key, RolloutSection] = field(default_factory=dict)
    routes: tuple[RouteSection, ...] = ()
    notify: tuple[
        Annotated[NotifySection, Meta(description="whom to tell, such as {webhook: https://…}")], ...
    ] = ()
