"""What the rules promise comes true over many releases; `python -m benchmarks.canary` simulates thousands."""

import random
from dataclasses import replace
from statistics import median

import pytest

from benchmarks.canary import SCENARIOS, ends, sequential, share, teaching
from benchmarks.canary_traffic import Scenario, Traffic
from reliakit.rollouts.interval import estimated
from reliakit.rollouts.ratio import RatioEvidence
from reliakit.rollouts.ratio_rule import Decision

_RUNS = 60
_HEALTHY = [scenario for scenario in SCENARIOS if scenario.target == "rolled back <= 1 %"]
_MUCH_WORSE = [scenario for scenario in SCENARIOS if scenario.times == 50]
_NOT_TO_PROMOTE = [scenario for scenario in SCENARIOS if scenario.target == "promoted <= 5 %"]


def _name(scenario: Scenario) -> str:
    return scenario.name


def _called(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


@pytest.mark.parametrize("scenario", _HEALTHY, ids=_name)
def test_a_healthy_canary_is_let_through(scenario):
    """Otherwise people learn to ignore the rule, whether there was an outage, a burst or nothing at all."""
    found = ends(scenario, sequential, _RUNS)
    assert share(found, Decision.ROLL_BACK) <= 1 / _RUNS
    assert share(found, Decision.PROMOTE) >= 0.95


def test_the_rule_of_the_tutorials_rolls_most_of_them_back():
    """Otherwise there was no reason for another rule to be the default."""
    assert share(ends(_HEALTHY[0], teaching, _RUNS), Decision.ROLL_BACK) > 0.6


def test_without_deduplication_retries_roll_back_healthy_canaries():
    """Otherwise the bitmaps would be in the way for nothing, and the simulation would not be angry enough."""
    assert share(ends(_called("the same, not deduplicated"), sequential, _RUNS), Decision.ROLL_BACK) > 0.05


def test_a_canary_that_is_twice_as_bad_is_rolled_back():
    """Otherwise users meet the regression at 100 %."""
    assert share(ends(_called("2x worse, base 0.5 %"), sequential, _RUNS), Decision.ROLL_BACK) >= 59 / 60


@pytest.mark.parametrize("scenario", _MUCH_WORSE, ids=_name)
def test_a_broken_canary_costs_a_handful_of_requests(scenario):
    """Otherwise a thousand users pay for what the first ten have shown."""
    found = ends(scenario, sequential, _RUNS)
    assert share(found, Decision.ROLL_BACK) == 1
    assert median(end.failed for end in found) <= 15


@pytest.mark.parametrize("scenario", _NOT_TO_PROMOTE, ids=_name)
def test_what_is_beyond_the_margin_is_hardly_ever_promoted(scenario):
    """Otherwise "promoted" would only mean that time has passed."""
    assert share(ends(scenario, sequential, _RUNS // 2), Decision.PROMOTE) <= 0.05


def test_a_service_without_any_error_goes_through():
    """Otherwise the best service of all is stuck for ever."""
    assert share(ends(_called("never any error"), sequential, 10), Decision.PROMOTE) == 1


def test_the_same_seed_gives_the_same_release():
    """Otherwise nobody can look into a run that went wrong."""
    scenario = _called("healthy, bursts of 3, eight workers")
    assert ends(scenario, sequential, 3) == ends(scenario, sequential, 3)


def _misses(truth: float, seed: int) -> bool:
    """Whether the interval leaves out the truth at any of 40 looks."""
    traffic = Traffic(replace(SCENARIOS[2], times=truth), random.Random(seed))
    evidence = RatioEvidence()
    for _ in range(40):
        evidence = evidence.folded(traffic.block(0.1))
        found = estimated(evidence)
        if not (found.low or 0) <= truth <= (found.high or 64):
            return True
    return False


@pytest.mark.parametrize("truth", [1.0, 3.0])
def test_the_interval_holds_the_truth_at_every_look(truth):
    """Otherwise "95 % at least 1.6x" is a number without a meaning."""
    assert sum(_misses(truth, seed) for seed in range(100)) <= 5
