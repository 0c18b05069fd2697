"""Whole fleets, simulated: whatever a seed lets happen to them, what always has to be true is true.

`make test` runs seeds 1 to 5 of every scenario, `make soak` ten thousand releases.
"""

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import pytest

from reliakit.rollouts.phases import Phase
from reliakit.testing.simulation import SCENARIOS, Broken, Result, simulate
from reliakit.testing.simulation.__main__ import again

_SEEDS = range(1, 6)
_SOAKED = range(1_001, 1_911)
_AT_ONCE = 8


def _run(one: tuple[str, int]) -> Result | str:
    scenario, seed = one
    try:
        return simulate(seed, scenario)
    except Broken as wrong:
        return f"{scenario} {seed}: {wrong}\n    {again(seed, scenario)}"


def _results(seeds: range) -> list[Result]:
    """Runs every scenario with every seed, on all processors; each failure is told with the command that shows it."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(_run, product(SCENARIOS, seeds), chunksize=_AT_ONCE))
    broken = [each for each in found if isinstance(each, str)]
    assert not broken, "\n".join([f"{len(broken)} of {len(found)} do not hold:", *broken])
    return [each for each in found if isinstance(each, Result)]


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return _results(_SEEDS)


def test_nothing_that_may_happen_to_a_fleet_breaks_a_promise(results):
    """Otherwise somebody's release is promoted, counted or journalled as it must not be, on a bad day."""
    assert len(results) == len(SCENARIOS) * len(_SEEDS)


def test_releases_come_to_an_end_in_spite_of_all(results):
    """Otherwise the simulation would hold because nothing ever happens in it."""
    ends = Counter(each.phase for each in results)
    assert min(ends[phase] for phase in (Phase.SUCCESSFUL, Phase.FAILED, Phase.INCONCLUSIVE)) >= 2
    happened = Counter(what for each in results for what in each.happened)
    seldom = {"advanced", "promoted", "rolled_back", "aborted", "paused", "retried", "defined", "settled"}
    assert min(happened[what] for what in seldom) >= 1, happened


def test_a_canary_that_is_broken_never_reaches_everybody(results):
    """Otherwise the outage that a canary is there to prevent happens."""
    _undone(each for each in results if each.setting.quality == "broken")


def _undone(results):
    """By itself: what people promote by hand is theirs to answer for."""
    wrong = [
        each
        for each in results
        if not each.setting.orders and each.happened.count("promoted") and each.setting.ladder != "preview"
    ]
    assert not wrong, [again(each.seed, each.scenario) for each in wrong]


@pytest.mark.soak
def test_ten_thousand_releases_break_no_promise():
    """Otherwise what happens once in a thousand releases happens to somebody every week."""
    results = _results(_SOAKED)
    assert sum(each.releases for each in results) >= 10_000
    worse = [each for each in results if each.setting.quality == "worse" and not each.setting.orders]
    judged = [each for each in worse if each.setting.ladder != "preview" and each.releases]
    promoted = [each for each in judged if "promoted" in each.happened]
    assert len(promoted) <= 0.05 * len(judged), [again(each.seed, each.scenario) for each in promoted]
    _undone(each for each in results if each.setting.quality == "broken")
