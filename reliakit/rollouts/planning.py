"""How long a release will take, before anybody starts it.

Each step lasts until its tests have reached their limits: `passage` follows their exact mixtures over all that a
canary as good as stable may do, so the figures hold the limits, the floor, the margin, and how few errors there are.
The median is what to expect, the 95 % point the worst; steps are independent, as each begins its evidence anew, so
the release is the sum of their distributions and not that of their worst cases.

Durations are planned by their tail: "slower than stable's p99" comes at 1 % by definition. Their ranks take fewer
requests than that unless durations spread over orders of magnitude. Business metrics come at rates that nobody has
told; they are named, not planned.

Tried and left: inverse Gaussian quantiles of the expected growth. At 5 % and a low error rate a step is decided with
no or one failed request of the canary, where nothing is normal, and they were wrong by half.
"""

from dataclasses import dataclass, replace
from math import inf

from reliakit.rollouts.baseline import ENOUGH
from reliakit.rollouts.definition import AnalysisRules, RolloutDefinition, Step
from reliakit.rollouts.errors import RollbackRule
from reliakit.rollouts.latency_promotion import LatencyPromotion, LatencyPromotionRule
from reliakit.rollouts.limits import promotion_limits, rollback_limits
from reliakit.rollouts.passage import Served, passage
from reliakit.rollouts.promotion import PromotionRule
from reliakit.rollouts.ratio_rule import RatioRule
from reliakit.rollouts.spread import Spread

__all__ = ["REGRESSIONS", "Plan", "Regression", "StepPlan", "planned"]

REGRESSIONS = (2.0, 10.0)
"""Times stable's error rate that people ask about."""
_SLOW = 0.01
"""The share of requests that are slower than p99."""


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step.

    Attributes:
        step: what it is about.
        requests: of both slots, until the evidence suffices; None where nothing stable runs beside to compare with.
        running: seconds until the evidence suffices, bake time and minimum requests included; what a deadline counts.
    """

    step: Step
    requests: Spread | None
    running: Spread

    @property
    def seconds(self) -> Spread:
        """With the pause, and without what its gate takes."""
        return self.running.plus(Spread.certain(self.step.pause))


@dataclass(frozen=True, slots=True)
class Regression:
    """A canary that is worse.

    Attributes:
        times: how many times stable's error rate.
        requests: of both slots until it is rolled back, in the median; inf where it is tolerated; None where that
            many times the base rate is no error rate, or is stable's own.
        seconds: likewise.
    """

    times: float
    requests: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole release of a canary that is as good as stable.

    Attributes:
        definition: of the rollout.
        rps: requests of both slots in a second.
        base_rate: error rate of both, from 0 to 1.
        steps: in order.
        regressions: at the first step that compares, none where no step does.
        unplanned: business metrics that are judged as well.
    """

    definition: RolloutDefinition
    rps: float
    base_rate: float
    steps: tuple[StepPlan, ...]
    regressions: tuple[Regression, ...]
    unplanned: tuple[str, ...]

    @property
    def seconds(self) -> Spread:
        """Of all steps, without what gates take."""
        total = Spread.certain(0.0)
        for each in self.steps:
            total = total.plus(each.seconds)
        return total

    def late(self, step: StepPlan) -> bool:
        """Whether a step is expected to be inconclusive."""
        return step.running.expected >= self.definition.deadline

    def risky(self, step: StepPlan) -> bool:
        """Whether a step is inconclusive more often than in one of twenty releases."""
        return step.running.worst >= self.definition.deadline


def planned(definition: RolloutDefinition, rps: float, base_rate: float) -> Plan:
    """Plans a release.

    Args:
        definition: of the rollout.
        rps: requests in a second that are split between the slots.
        base_rate: error rate of stable, and of a canary that is as good.

    Raises:
        ValueError: `rps` is not above 0, or `base_rate` not from 0 up to but not including 1.
    """
    if not 0 < rps < inf:
        raise ValueError(f"rps is above 0, not {rps:g}")
    if not 0 <= base_rate < 1:
        raise ValueError(f"a base rate is from 0 up to but not including 1, not {base_rate:g}")
    rules = definition.analysis
    first = next((step for step in definition.steps if step.compares), None)
    steps = tuple(_planned(step, rules, rps, base_rate, first=step is first) for step in definition.steps)
    regressions = () if first is None else tuple(_found(first, rules, rps, base_rate, x) for x in REGRESSIONS)
    metrics = () if first is None or rules.ratio else tuple(each.name for each in rules.metrics)
    return Plan(definition, rps, base_rate, steps, regressions, metrics)


def _planned(step: Step, rules: AnalysisRules, rps: float, base_rate: float, *, first: bool) -> StepPlan:
    least = Spread.certain(step.bake)
    if not step.compares:
        # How many come to a preview nobody can know.
        measured = max([step.requests, *(each.guard.requests for each in rules.guards)]) if step.weight else 0
        return StepPlan(step, None, least.later(Spread.certain(measured / rps)))
    share = step.weight / 100
    requests = _evidence(step, rules, share, base_rate, first=first)
    enough = requests.later(Spread.certain(step.requests / share))
    return StepPlan(step, requests, enough.times(1 / rps).later(least))


def _evidence(step: Step, rules: AnalysisRules, share: float, base_rate: float, *, first: bool) -> Spread:
    if rules.ratio is not None:
        return Spread.certain(rules.ratio.requests / share)
    errors = _promoted(step.promotion or rules.errors.promotion, share, base_rate)
    if rules.latency is None:
        return errors
    before = ENOUGH / (1 - share) if first else 0.0
    return errors.later(_timed(rules.latency.promotion, share).plus(Spread.certain(before)))


def _promoted(rule: PromotionRule, share: float, rate: float) -> Spread:
    return Spread.of(passage(promotion_limits(rule, share), Served(share, rate, rate)).quantile)


def _timed(rule: LatencyPromotionRule, share: float) -> Spread:
    tail = replace(LatencyPromotion(rule).tail.rule, limit=rule.limit)
    return _promoted(tail, share, _SLOW)


def _found(step: Step, rules: AnalysisRules, rps: float, base_rate: float, times: float) -> Regression:
    rate = times * base_rate
    if not 0 < rate < 1:
        return Regression(times, None, None)
    share = step.weight / 100
    served = Served(share, rate, base_rate)
    requests = _rolled_back(rules.ratio or rules.errors.rollback, served, times)
    return Regression(times, requests, requests / rps)


def _rolled_back(rule: RatioRule | RollbackRule, served: Served, times: float) -> float:
    if isinstance(rule, RatioRule):
        return rule.requests / served.share if times > rule.times else inf
    return passage(rollback_limits(rule, served.share), served, enough=0.5).quantile(0.5)
