"""A plan says how long releases really take."""

import random
from collections.abc import Callable
from dataclasses import replace
from math import inf, log
from statistics import median, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.canary_traffic import Scenario, Traffic
from reliakit.rollouts.blocks import Block
from reliakit.rollouts.definition import (
    AnalysisRules,
    ErrorRules,
    Gate,
    GuardRule,
    LatencyRules,
    RolloutDefinition,
    Step,
    Strategy,
)
from reliakit.rollouts.durations import Durations
from reliakit.rollouts.errors import Rollback, RollbackRule
from reliakit.rollouts.guards import Guard
from reliakit.rollouts.latency import LatencyRule
from reliakit.rollouts.latency_promotion import LatencyPromotionRule
from reliakit.rollouts.limits import promotion_limits, rollback_limits
from reliakit.rollouts.planning import Plan, planned
from reliakit.rollouts.promotion import Promotion, PromotionRule
from reliakit.rollouts.ratio_rule import RatioRule
from reliakit.rollouts.spread import Spread
from reliakit.rollouts.timed import Timed

_RUNS = 300
"""The median of so many is itself uncertain by 5 %."""


def rollout(*steps: Step, **fields) -> RolloutDefinition:
    strategy = fields.pop("strategy", Strategy.CANARY)
    return RolloutDefinition("shop", ("blue", "green"), "blue", strategy, steps, **fields)


def judged(margin: float, floor: float | None) -> AnalysisRules:
    return AnalysisRules(errors=ErrorRules(promotion=PromotionRule(margin, floor)))


def simulated(test: Promotion | Rollback, scenario: Scenario, seed: int) -> int:
    """Returns after how many requests a test has reached its limit."""
    traffic = Traffic(scenario, random.Random(seed))
    while not test.reached:
        test = test.folded(traffic.block(scenario.ladder[0]))
    return traffic.requests


def ends(test: Promotion | Rollback, scenario: Scenario) -> tuple[float, float]:
    """Returns the median of many releases, and their 95 % point."""
    found = [simulated(test, scenario, 5_000 + seed) for seed in range(_RUNS)]
    return median(found), quantiles(found, n=20)[-1]


_HEALTHY = [
    (5, 0.0, 2.0, 0.005, 400),
    (5, 0.001, 2.0, 0.005, 800),
    (5, 0.002, 2.0, 0.005, 1_200),
    (5, 0.005, 2.0, 0.005, 1_200),
    (1, 0.02, 2.0, 0.005, 1_500),
    (20, 0.005, 2.0, 0.005, 400),
    (50, 0.005, 2.0, 0.005, 300),
    (80, 0.005, 4.0, None, 100),
    (5, 0.01, 1.5, 0.02, 500),
    (5, 0.001, 2.0, None, 4_000),
]
"""Weight in percent, base rate, margin, floor, and requests in a block: few beside a step, many beside 1 of the canary."""


@pytest.mark.parametrize(("weight", "base", "margin", "floor", "size"), _HEALTHY)
def test_steps_take_as_many_requests_as_planned(weight, base, margin, floor, size):
    """Otherwise somebody watches a release all night that was to be through by the evening."""
    plan = planned(rollout(Step(weight), analysis=judged(margin, floor)), 1.0, base)
    test, scenario = Promotion(PromotionRule(margin, floor)), Scenario("", "", base, size=size)
    expected, worst = ends(test, replace(scenario, ladder=(weight / 100,)))
    (step,) = plan.steps
    assert step.requests is not None
    assert step.requests.expected == pytest.approx(expected, rel=0.15)
    assert step.requests.worst == pytest.approx(worst, rel=0.25)


@pytest.mark.parametrize(
    ("weight", "base", "tolerate", "floor", "size"),
    [
        (5, 0.01, 1.0, None, 200),
        (50, 0.02, 1.0, None, 20),
        (20, 0.01, 1.0, 0.01, 50),
    ],
)
def test_a_regression_is_rolled_back_when_it_was_planned_to_be(weight, base, tolerate, floor, size):
    """Otherwise "it would be back in a minute" is a guess."""
    rule = RollbackRule(tolerate, floor)
    plan = planned(rollout(Step(weight), analysis=AnalysisRules(ErrorRules(rule))), 1.0, base)
    for regression in plan.regressions:
        scenario = Scenario("", "", base, regression.times, size=size, ladder=(weight / 100,))
        expected, _ = ends(Rollback.begun(rule), scenario)
        assert regression.requests == pytest.approx(expected, rel=0.2, abs=size)


def test_durations_are_planned_by_their_tail():
    """Otherwise whoever judges latency waits for days that nobody has announced."""
    rules = LatencyRules(LatencyRule(), LatencyPromotionRule(0.25))
    plan = planned(rollout(Step(20), analysis=AnalysisRules(latency=rules)), 1.0, 0.0)
    found = [_timed(rules, random.Random(seed)) for seed in range(40)]
    (step,) = plan.steps
    assert step.requests is not None
    assert step.requests.expected == pytest.approx(median(found), rel=0.3)


def _timed(rules: LatencyRules, chance: random.Random) -> int:
    test, requests = Timed.begun(rules), 0
    while not test.promotion.reached:
        test, requests = test.folded(Durations(_bins(chance, 80), _bins(chance, 320))), requests + 400
    return requests


def _bins(chance: random.Random, size: int) -> dict[int, int]:
    """Bins of log-normal durations, 1.5 times longer at one standard deviation."""
    found: dict[int, int] = {}
    for _ in range(size):
        place = round(250 + chance.gauss(0, log(1.5)) / log(1.04))
        found[place] = found.get(place, 0) + 1
    return found


_counts = st.tuples(st.integers(0, 60), st.integers(0, 400))


@given(_counts, st.sampled_from([0.05, 0.2, 0.5]), st.sampled_from([None, 0.005, 0.05]))
def test_the_planned_tests_are_those_that_judge(counts, share, floor):
    """Otherwise a change of a rule leaves plans behind that are about the old one."""
    block = Block(round(2_000 * share), 2_000 - round(2_000 * share), *counts)
    requests = 2_000.0, float(block.e_c), float(block.e_s)
    promotion = Promotion(PromotionRule(2.0, floor)).folded(block)
    rollback = Rollback.begun(RollbackRule(1.4, floor)).folded(block)
    for test, limits in (
        (promotion, promotion_limits(promotion.rule, share)),
        (rollback, rollback_limits(rollback.rule, share)),
    ):
        assert _around(limits, test.log_e, -1e-6)(*requests)
        assert not _around(limits, test.log_e, 1e-6)(*requests)


def _around(limits, log_e: float, by: float) -> Callable[[float, float, float], bool]:
    moved = [replace(limit, log_limit=log_e + by) for limit in limits]
    return lambda *counts: all(limit.reached(*counts) for limit in moved)


def hours(plan: Plan, number: int = 0) -> tuple[float, float]:
    took = plan.steps[number].seconds
    return took.expected / 3600, took.worst / 3600


def test_bake_time_minimum_requests_and_pauses_are_in_the_plan():
    """Otherwise the slowest part of a step is the one that is left out."""
    plan = planned(rollout(Step(50, bake=7200.0), Step(50, requests=9_000), Step(50, pause=3600.0)), 5.0, 0.0)
    evidence = hours(planned(rollout(Step(50)), 5.0, 0.0))[0]
    assert evidence < 0.5
    assert hours(plan) == (2.0, 2.0)
    assert hours(plan, 1) == (1.0, 1.0)
    assert hours(plan, 2)[0] == pytest.approx(1.0 + evidence)


def test_twice_the_traffic_takes_half_as_long():
    """Otherwise a plan for the night is no plan for the day."""
    one, two = (planned(rollout(Step(20)), rps, 0.005).steps[0].seconds for rps in (5.0, 10.0))
    assert one.expected == pytest.approx(2 * two.expected)
    assert one.worst == pytest.approx(2 * two.worst)


def test_a_step_that_misses_its_deadline_is_known_before():
    """Otherwise people learn a day later that they had too little traffic all along."""
    plan = planned(rollout(Step(5), Step(50)), 0.5, 0.005)
    assert [plan.late(step) for step in plan.steps] == [True, False]
    assert [plan.risky(step) for step in plan.steps] == [True, False]
    faster = planned(rollout(Step(5)), 1.0, 0.005)
    assert (faster.late(faster.steps[0]), faster.risky(faster.steps[0])) == (False, True)


def test_a_pause_counts_towards_no_deadline():
    """Otherwise a release that waits for the morning is called undecided."""
    plan = planned(rollout(Step(50, pause=172_800.0)), 50.0, 0.005)
    assert not plan.risky(plan.steps[0])


def test_a_service_without_errors_is_never_planned_without_a_floor():
    """Otherwise the plan promises what the rule can't give."""
    plan = planned(rollout(Step(5), analysis=judged(2.0, None)), 1_000.0, 0.0)
    assert plan.steps[0].seconds.expected == inf
    assert plan.late(plan.steps[0])


def test_what_is_tolerated_is_never_rolled_back():
    """Otherwise people trust in a rule that they have switched off."""
    rules = AnalysisRules(ErrorRules(RollbackRule(4.0), PromotionRule(8.0)))
    twice, tenfold = planned(rollout(Step(5), analysis=rules), 5.0, 0.005).regressions
    assert twice.seconds == inf
    assert tenfold.seconds is not None
    assert tenfold.seconds < 7200


@pytest.mark.parametrize(("base", "known"), [(0.0, [False, False]), (0.2, [True, False])])
def test_ten_times_nothing_is_no_regression(base, known):
    """Otherwise a plan tells when an error rate of 200 % is noticed."""
    plan = planned(rollout(Step(5)), 5.0, base)
    assert [each.requests is not None for each in plan.regressions] == known


def test_the_rule_of_the_tutorials_takes_its_requests():
    """Otherwise whoever chose it plans for a rule that does not judge."""
    plan = planned(rollout(Step(5), analysis=AnalysisRules(ratio=RatioRule(1_000, 2.0))), 5.0, 0.005)
    assert plan.steps[0].requests == Spread.certain(20_000)
    assert [each.requests for each in plan.regressions] == [inf, 20_000]


def test_blue_green_bakes_and_its_guards_measure():
    """Otherwise the switch is planned as if it were over at once."""
    steps = Step(0, bake=600.0, requests=100, gate=Gate.MANUAL), Step(100, bake=60.0)
    guards = (GuardRule("errors", Guard(0.05, 0.0, 1_000)),)
    plan = planned(
        rollout(*steps, strategy=Strategy.BLUE_GREEN, analysis=AnalysisRules(guards=guards)), 5.0, 0.005
    )
    assert [step.running.expected for step in plan.steps] == [600.0, 200.0]
    assert [step.requests for step in plan.steps] == [None, None]
    assert plan.regressions == ()


def test_a_release_is_hardly_ever_slow_in_every_step():
    """Otherwise the worst case of a ladder is so long that nobody believes it."""
    plan = planned(rollout(Step(5), Step(10), Step(20)), 5.0, 0.005)
    worst = sum(step.seconds.worst for step in plan.steps)
    assert plan.steps[0].seconds.worst < plan.seconds.worst < 0.8 * worst
    assert plan.seconds.expected > sum(step.seconds.expected for step in plan.steps)


@pytest.mark.parametrize(("rps", "base"), [(0.0, 0.1), (-1.0, 0.1), (inf, 0.1), (1.0, 1.0), (1.0, -0.1)])
def test_traffic_that_can_not_be_is_refused(rps, base):
    """Otherwise a slip of the fingers is planned for."""
    with pytest.raises(ValueError, match="not"):
        planned(rollout(Step(5)), rps, base)
