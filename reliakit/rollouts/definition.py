"""What a rollout is to do, as the controller reads it: every strategy is a ladder of steps.

Canary: steps between 0 and 100 %. Blue-green: a step at 0 %, where only preview traffic comes, and one at 100 %. A/B:
one step that is held until somebody promotes or aborts.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from reliakit.core.histogram import LOG_EDGES
from reliakit.rollouts.errors import RollbackRule
from reliakit.rollouts.guards import Guard
from reliakit.rollouts.latency import LatencyRule
from reliakit.rollouts.latency_promotion import LatencyPromotionRule
from reliakit.rollouts.promotion import PromotionRule
from reliakit.rollouts.ratio_rule import RatioRule

__all__ = [
    "AnalysisRules",
    "Better",
    "ErrorRules",
    "Gate",
    "GuardRule",
    "LatencyRules",
    "MetricRules",
    "Objective",
    "RolloutDefinition",
    "Step",
    "Strategy",
    "Target",
]


class Strategy(StrEnum):
    """How a release reaches everybody."""

    CANARY = "canary"
    BLUE_GREEN = "blue_green"
    AB = "ab"


class Gate(StrEnum):
    """Who lets a step end, once its evidence suffices."""

    AUTO = "auto"
    MANUAL = "manual"
    WEBHOOK = "webhook"


class Better(StrEnum):
    """Which direction of a business metric is the good one."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class ErrorRules:
    """How errors, or whatever is counted like them, are judged: against the canary, and in its favour."""

    rollback: RollbackRule = field(default_factory=RollbackRule)
    promotion: PromotionRule = field(default_factory=PromotionRule)


@dataclass(frozen=True, slots=True)
class LatencyRules:
    """How durations are judged."""

    rollback: LatencyRule
    promotion: LatencyPromotionRule


@dataclass(frozen=True, slots=True)
class MetricRules:
    """How a business metric is judged: the share of requests for which it was reported at least once."""

    name: str
    better: Better
    rules: ErrorRules


@dataclass(frozen=True, slots=True)
class GuardRule:
    """An absolute limit for the canary alone.

    Attributes:
        metric: `errors`, `client_errors`, `latency`, or a business metric's name.
        guard: the share of bad requests that is too much, and for how long.
        slower_than: seconds above which a request is bad; for `latency` only.
    """

    metric: str
    guard: Guard
    slower_than: float | None = None

    @property
    def slower_than_bin(self) -> int:
        """The bin of the log histogram that holds `slower_than`: what lies above is bad, within 4 %."""
        return bisect_left(LOG_EDGES, self.slower_than or 0.0)

    @property
    def name(self) -> str:
        """Tells it apart from others of the same metric."""
        return _name_of(self)


@lru_cache
def _name_of(rule: GuardRule) -> str:
    limit = f"{rule.guard.limit:g}/{rule.guard.seconds:g}/{rule.guard.requests}"
    bound = "" if rule.slower_than is None else f"{rule.slower_than:g}"
    return f"{rule.metric}{bound}>{limit}"


@dataclass(frozen=True, slots=True)
class AnalysisRules:
    """Everything that a release is judged by. The probability of rolling back a good one is split among the metrics
    that can roll back: whoever makes the rules has divided it already (`RollbackRule.shared`).

    Attributes:
        errors: of the service.
        client_errors: they hold a release and never roll it back; None leaves them out.
        latency: None leaves durations out.
        metrics: business metrics.
        guards: absolute limits; the only ones that judge where nothing stable runs beside.
        ratio: the rule of the tutorials, which then judges alone beside the guards.
        dry_run: judge and journal, act on nothing.
    """

    errors: ErrorRules = field(default_factory=ErrorRules)
    client_errors: RollbackRule | None = field(default_factory=RollbackRule)
    latency: LatencyRules | None = None
    metrics: tuple[MetricRules, ...] = ()
    guards: tuple[GuardRule, ...] = ()
    ratio: RatioRule | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One weight on the way, and what has to come true before the next.

    Attributes:
        weight: the canary's share, in percent.
        bake: seconds that it lasts at least.
        requests: of the canary, at least.
        pause: seconds to wait once the evidence suffices.
        gate: who lets it end then.
        webhook: whom a webhook gate asks.
        promotion: the step's own rule for errors; None for that of the analysis. What rolls back is the same in all
            steps, since its test runs over the whole release.
    """

    weight: float
    bake: float = 0.0
    requests: int = 0
    pause: float = 0.0
    gate: Gate = Gate.AUTO
    webhook: str | None = None
    promotion: PromotionRule | None = None

    @property
    def compares(self) -> bool:
        """Whether stable runs beside the canary here. Elsewhere only guards judge."""
        return 0 < self.weight < 100


@dataclass(frozen=True, slots=True)
class Objective:
    """A service level objective: a spent error budget freezes promotion, never a rollback.

    Attributes:
        good: the share of requests that must not be errors, above 0 and below 1.
        window: seconds over which it is counted, 35 days at most.
    """

    good: float
    window: float


@dataclass(frozen=True, slots=True)
class Target:
    """A release that the definitions ask for."""

    slot: str
    version: str


@dataclass(frozen=True, slots=True)
class RolloutDefinition:
    """One rollout.

    Attributes:
        name: of the rollout.
        slots: both, in the order written.
        initial: stable before there is any state.
        strategy: for people; `steps` say what happens.
        steps: at least one, with weights that never fall. 100 % follows the last gate.
        analysis: what releases are judged by.
        deadline: seconds in a step after which it is inconclusive.
        rollback_window: seconds after success in which the old version is kept warm.
        sticky: whether people stay in a slot, so that a mismatch of the split is a warning only.
        objective: None without one.
        release: what the file asks for.
        fingerprint: of all that is written but the release.
    """

    name: str
    slots: tuple[str, str]
    initial: str
    strategy: Strategy
    steps: tuple[Step, ...]
    analysis: AnalysisRules = field(default_factory=AnalysisRules)
    deadline: float = 86_400.0
    rollback_window: float = 3_600.0
    sticky: bool = True
    objective: Objective | None = None
    release: Target | None = None
    fingerprint: str = ""

    @property
    def meaning(self) -> str:
        """Tells two definitions apart, with the release that they ask for."""
        asked = self.release
        return self.fingerprint if asked is None else f"{self.fingerprint} {asked.slot} {asked.version}"

    def other(self, slot: str) -> str:
        """Returns the other slot."""
        return next(name for name in self.slots if name != slot)
