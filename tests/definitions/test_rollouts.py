"""What the controller gets of a rollout that somebody wrote."""

import math
from typing import Any

import pytest

from reliakit.core.bucketing import threshold
from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_snapshot
from reliakit.definitions.rollouts import rollout_definition
from reliakit.rollouts.definition import (
    AnalysisRules,
    Better,
    ErrorRules,
    Gate,
    Objective,
    RolloutDefinition,
    Step,
    Strategy,
    Target,
)
from reliakit.rollouts.errors import RollbackRule
from reliakit.rollouts.guards import Guard
from reliakit.rollouts.latency import LatencyRule
from reliakit.rollouts.latency_promotion import LatencyPromotionRule
from reliakit.rollouts.promotion import PromotionRule
from reliakit.rollouts.ratio_rule import RatioRule
from tests.definitions.loaded import definitions, loaded, problems

SHOP = """
upstreams: {v2: in_process}
rollouts: {shop: {slots: {blue: {upstream: app}, green: {upstream: v2}}, initial: blue, %s}}
routes: [{rollout: shop}]
"""
TOLERATED = 2**0.5


def _section(written: str) -> Any:
    return definitions(SHOP % written).rollouts["shop"]


def _definition(written: str) -> RolloutDefinition:
    found = rollout_definition("shop", _section(written))
    assert found is not None
    return found


def _rules(written: str) -> AnalysisRules:
    return _definition(f"strategy: canary, analysis: {written}").analysis


def _warned(written: str) -> list[str]:
    return [str(warning).removeprefix("x.yaml:") for warning in loaded("format: 1" + SHOP % written).warnings]


def test_a_canary_by_default_is_judged_and_takes_its_time() -> None:
    """Otherwise `strategy: canary` alone does nothing, or nobody knows what."""
    assert _definition("strategy: canary") == RolloutDefinition(
        name="shop",
        slots=("blue", "green"),
        initial="blue",
        strategy=Strategy.CANARY,
        steps=tuple(map(Step, (5, 10, 20, 40, 80))),
        deadline=86_400,
        rollback_window=3_600,
        sticky=True,
        fingerprint=_definition("strategy: canary").fingerprint,
    )


def test_steps_are_read_with_all_that_they_wait_for() -> None:
    """Otherwise a release goes on before the time, the requests or the person that its file asks for."""
    written = """[5, {weight: 20, bake: 10m, requests: 500}, {weight: 40, gate: manual, pause: 30s},
        {weight: 80, gate: {webhook: "https://gate.example.com"}, error_rate: {margin: 3x}}]"""
    found = _definition(f"steps: {written}, analysis: {{error_rate: {{tolerate: 1.4x, floor: 1%}}}}")
    own = PromotionRule(3, 0.01, tolerate=TOLERATED)
    assert found.strategy is Strategy.CANARY
    assert found.steps == (
        Step(5),
        Step(20, bake=600, requests=500),
        Step(40, gate=Gate.MANUAL, pause=30),
        Step(80, gate=Gate.WEBHOOK, webhook="https://gate.example.com", promotion=own),
    )


def test_a_step_can_take_the_floor_away() -> None:
    """Otherwise the one step that asks for a comparison is passed by a low rate alone."""
    found = _definition("steps: [{weight: 5, error_rate: {floor: 0%}}]").steps[0]
    assert found.promotion == PromotionRule(floor=None)


def test_the_rest_of_a_rollout_is_read() -> None:
    """Otherwise a deadline, an objective or a release is written in vain."""
    found = _definition(
        "strategy: canary, deadline: 6h, rollback_window: 0s, sticky: none, slo: {objective: 99.9%, window: 7d},"
        "release: {to: green, version: 42}"
    )
    assert (found.deadline, found.rollback_window, found.sticky) == (21_600, 0, False)
    assert found.objective == Objective(0.999, 7 * 86_400)
    assert found.release == Target("green", "42")


def test_a_switch_has_a_preview_and_then_everybody() -> None:
    """Otherwise blue-green sends a share of users to a version that was to be looked at first."""
    guards = "analysis: {guards: [{error_rate: 5%, for: 2m}]}"
    assert _definition("strategy: blue_green").steps == (Step(0, gate=Gate.MANUAL),)
    found = _definition(
        "strategy: blue_green, pre_promotion: {gate: auto, bake: 5m, requests: 100},"
        f"post_promotion: {{bake: 10m, requests: 20}}, {guards}"
    )
    assert found.steps == (Step(0, bake=300, requests=100), Step(100, bake=600, requests=20))


def test_an_ab_test_is_one_step_until_somebody_ends_it() -> None:
    """Otherwise an experiment is promoted, or called inconclusive, while people are still in it."""
    found = _definition("strategy: ab, weight: 30")
    assert found.steps == (Step(30, gate=Gate.MANUAL),)
    assert found.deadline == math.inf


@pytest.mark.parametrize("written", ["weight: 10", "sticky: user"])
def test_a_plain_split_has_no_definition(written: str) -> None:
    """Otherwise a weight that somebody set by hand is moved by a controller."""
    assert rollout_definition("shop", _section(written)) is None


def test_alpha_is_split_among_what_can_roll_back() -> None:
    """Otherwise four metrics roll a good release back four times as often as one."""
    found = _rules("{alpha: 2%, latency: {}, metrics: {empty_cart: {}, order: {better: higher}}}")
    assert found.latency is not None
    assert found.client_errors is not None
    alphas = [found.errors.rollback.alpha, found.latency.rollback.alpha]
    assert [*alphas, *(each.rules.rollback.alpha for each in found.metrics)] == [0.005] * 4
    assert found.client_errors.alpha == 0.02


def test_each_metric_has_the_rules_that_were_written_for_it() -> None:
    """Otherwise what one metric tolerates is tolerated of another."""
    found = _rules("""{
        error_rate: {tolerate: 1.4x, margin: 3x, floor: 1%, rollback_floor: 2%}, client_errors: {tolerate: 2x},
        latency: {tolerate: 20%, margin: 50%}, metrics: {order: {better: higher, tolerate: 2, floor: 0 %}}, dry_run: true,
    }""")
    alpha = 0.01 / 3
    assert found.errors == ErrorRules(
        RollbackRule(TOLERATED, 0.02, alpha), PromotionRule(3, 0.01, tolerate=TOLERATED)
    )
    assert found.client_errors == RollbackRule(2.0)
    assert found.latency is not None
    assert (found.latency.rollback, found.latency.promotion) == (
        LatencyRule(0.2, alpha),
        LatencyPromotionRule(0.5, 0.2),
    )
    (order,) = found.metrics
    assert (order.name, order.better, order.rules.rollback) == (
        "order",
        Better.HIGHER,
        RollbackRule(2, None, alpha),
    )
    assert order.rules.promotion == PromotionRule(2 * 2**0.5, None, tolerate=2)
    assert found.dry_run


@pytest.mark.parametrize("tolerate", ["1x", "1.19x", "1.4x", "2x", "16x"])
def test_a_margin_that_is_not_written_exceeds_any_tolerance(tolerate: str) -> None:
    """Otherwise whoever tolerates more has to work out a margin, or is refused for one that nobody wrote."""
    rules = _rules(f"{{error_rate: {{tolerate: {tolerate}}}}}").errors
    assert rules.promotion.margin == pytest.approx(max(2, rules.rollback.snapped * 2**0.5))


@pytest.mark.parametrize("tolerate", ["0%", "3%", "20%", "100%", "900%"])
def test_a_slower_margin_that_is_not_written_exceeds_any_tolerance(tolerate: str) -> None:
    """Otherwise whoever tolerates a slower release can't have one."""
    latency = _rules(f"{{latency: {{tolerate: {tolerate}}}}}").latency
    assert latency is not None
    assert latency.promotion.margin == pytest.approx((1 + latency.rollback.tolerate) * 1.25 - 1)


def test_client_errors_can_be_left_out() -> None:
    """Otherwise an API whose clients probe at random holds every release."""
    assert _rules("{client_errors: false}").client_errors is None


def test_the_rule_of_the_tutorials_is_there_for_those_who_want_it() -> None:
    """Otherwise `judge: ratio` judges by something else."""
    assert _rules("{judge: ratio}").ratio == RatioRule()
    assert _rules("{judge: ratio, ratio: {requests: 500, times: 3x}}").ratio == RatioRule(500, 3)
    assert _rules("{}").ratio is None


@pytest.mark.parametrize(
    ("written", "metric", "guard", "slower_than"),
    [
        ("{error_rate: 5%, for: 2m}", "errors", Guard(0.05, 120), None),
        ("{client_errors: 20, for: 0s, requests: 500}", "client_errors", Guard(0.2, 0, 500), None),
        ("{p99: 800ms, for: 1m}", "latency", Guard(0.01, 60, 1_000), 0.8),
        ("{p99.9: 2s, for: 1m}", "latency", Guard(0.001, 60, 10_000), 2.0),
        ("{p50: 2s, for: 1m, requests: 100}", "latency", Guard(0.5, 60, 100), 2.0),
        ("{metric: empty_cart, above: 10%, for: 5m}", "empty_cart", Guard(0.1, 300), None),
        ("{metric: order, below: 0.5%, for: 5m}", "order", Guard(0.995, 300), None),
    ],
)
def test_a_guard_is_read(written: str, metric: str, guard: Guard, slower_than: float | None) -> None:
    """Otherwise the only thing that judges at 100 % looks at something else than was written."""
    (rule,) = _rules(
        f"{{metrics: {{empty_cart: {{}}, order: {{better: higher}}}}, guards: [{written}]}}"
    ).guards
    assert (rule.metric, rule.guard, rule.slower_than) == (metric, guard, slower_than)


def test_the_fingerprint_is_of_the_rules_alone() -> None:
    """Otherwise asking for a release looks like an edit of the rules, or an edit goes unnoticed."""
    plain = _definition("strategy: canary").fingerprint
    asked = _definition("strategy: canary, release: {to: green, version: 2.4.1}").fingerprint
    edited = _definition("strategy: canary, analysis: {error_rate: {tolerate: 1.4x}}").fingerprint
    defaults = _definition("strategy: canary, sticky: user").fingerprint
    assert len(plain) == 16
    assert plain == asked == defaults
    assert plain != edited


def test_the_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    """Otherwise a file that was only tidied up counts as an edit."""
    metrics = ["{a: {}, b: {tolerate: 2}}", "{b: {tolerate: 2.0}, a: {}}"]
    found = [_definition(f"strategy: canary, analysis: {{metrics: {each}}}").fingerprint for each in metrics]
    assert found[0] == found[1]


def test_before_there_is_any_state_a_release_gets_nothing() -> None:
    """Otherwise half of the users get a version that nobody has started."""
    for written, bound in (
        ("strategy: ab, weight: 50", 0.0),
        ("strategy: canary", 0.0),
        ("weight: 50", 50.0),
    ):
        snapshot = compile_snapshot(definitions(SHOP % written), Tallies())
        assert snapshot.rollouts["shop"].bound == threshold(bound)


@pytest.mark.parametrize("strategy", ["canary", "blue_green"])
def test_an_unguarded_rollback_window_is_named(strategy: str) -> None:
    """Otherwise people trust in a window in which nothing can roll back."""
    reason = "at 100 % nothing runs beside, so only guards roll back in the rollback window: there is none"
    hint = "add one to the analysis: guards: [{error_rate: 5%, for: 2m}]; or write rollback_window: 0s"
    assert _warned(f"strategy: {strategy}") == [f"3: warning: rollouts.shop: {reason} ({hint})"]


@pytest.mark.parametrize(
    "written",
    [
        "strategy: canary, rollback_window: 0m",
        "strategy: canary, analysis: {guards: [{error_rate: 5%, for: 2m}]}",
        "strategy: ab, weight: 50",
        "weight: 10",
    ],
)
def test_other_rollouts_are_not_warned_of(written: str) -> None:
    """Otherwise people learn to ignore warnings."""
    assert _warned(written) == []


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("strategy: canary, deadline: 10 min", "deadline: expected a duration such as 500ms, 30s, 10m, 6h or 30d, got \"10 min\" (did you mean 10m?)"),
        ("strategy: canary, steps: [5, 20, 10]", "steps[2]: weights must rise, and 10 follows 20 (put the steps in order)"),
        ("strategy: canary, steps: [50, 100]", "steps[1]: 100 follows the last step by itself (take it out)"),
        ("strategy: canary, pre_promotion: {}", "pre_promotion: `pre_promotion` belongs to blue_green, and this is canary (take it out, or write strategy: blue_green)"),
        ("strategy: ab, weight: 50, steps: [5]", "steps: `steps` belongs to canary, and this is ab (write one share for the canary, as in weight: 50)"),
        ("weight: 5, deadline: 1h", "deadline: `deadline` belongs to canary or blue_green, and there is no `strategy` (write strategy: canary, or take it out: a plain split has no releases)"),
        ("strategy: canary, analysis: {error_rate: {tolerate: 1.1x, margin: 1.3x}}", "analysis.error_rate.margin: margin 1.3x becomes 1.19x on the lattice 2^(1/4) and must exceed the 1.19x that is tolerated (write 1.42x or more, or tolerate less)"),
        ("strategy: canary, analysis: {latency: {tolerate: 20%, margin: 24%}}", "analysis.latency.margin: margin 24% must exceed what is tolerated (20%) by a bin of the histogram at least, which is 4% (write 27% or more, or tolerate less)"),
        ("strategy: canary, analysis: {metrics: {cart: {margin: 1x}}}", "analysis.metrics.cart.margin: margin 1x becomes 1x on the lattice 2^(1/4) and must exceed the 1x that is tolerated (write 1.19x or more, or tolerate less)"),
        ("strategy: canary, analysis: {guards: [{p99: 800, for: 2m}]}", "analysis.guards[0].p99: expected a duration such as 500ms, 30s, 10m, 6h or 30d, got 800 (write the unit, as in 800ms, 800s or 800m)"),
        ("strategy: canary, analysis: {guards: [{p100: 1s, for: 2m}]}", 'analysis.guards[0].p100: unknown key "p100" (quantiles are p50, p99, p99.9 and the like)'),
        ("strategy: canary, analysis: {guards: [{error_rate: 5%}]}", 'analysis.guards[0]: the key "for" is missing (write `for:` followed by a duration such as 500ms, 30s, 10m, 6h or 30d)'),
        ("strategy: blue_green, post_promotion: {bake: 5m}", "post_promotion: nothing runs beside to compare with, so guards must judge, and there is none (add one to the analysis: guards: [{error_rate: 5%, for: 2m}])"),
        ("strategy: canary, release: {to: green, version: 2.10}", "release.version: expected a version such as 2.4.1 or 4f2a91c, got 2.1 (put it in quotes: without them, 2.10 would be 2.1)"),
        ("strategy: canary, slo: {objective: 99.9%, window: 36d}", "slo.window: expected a duration above 0s and up to 35d, got 36d (outcomes are kept for 35 days)"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_the_words_of_the_file(written: str, told: str) -> None:
    """Otherwise people learn what a lattice refuses and not what to write."""
    assert problems(SHOP % written) == [f"4: rollouts.shop.{told}"]


def test_all_mistakes_of_a_rollout_are_told_at_once() -> None:
    """Otherwise people mend a file mistake by mistake."""
    text = """strategy: canary, steps: [5, 5], deadline: 0s, analysis: {alpha: 0, error_rate: {margin: 1}, guards: [{for: 2m}]},
        slo: {objective: 100}, release: {to: red, version: a}"""
    assert len(problems(SHOP % text)) == 7


def test_a_metric_from_outside_is_a_guard_over_looks() -> None:
    """Otherwise a release would go on while the dashboard that everybody looks at is red."""
    place = 'prometheus: "http://p:9090", query: stock'
    written = (
        f"{{guards: [{{error_rate: 5%, for: 2m}}], outside: {{stock: {{{place}, below: 10, for: 2m}}}}}}"
    )
    assert [(rule.metric, rule.guard) for rule in _rules(written).guards] == [
        ("errors", Guard(0.05, 120)),
        ("outside:stock", Guard(0.0, 120, 1)),
    ]
    assert not _warned(f"strategy: canary, analysis: {{outside: {{stock: {{{place}, below: 10, for: 2m}}}}}}")
