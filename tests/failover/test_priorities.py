"""How much each priority level takes, in the figures of Envoy's documentation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reliakit.failover.priorities import Level, PriorityRules, loads

_RULES = PriorityRules()


def _percent(*healthy):
    return [Level(each, 100) for each in healthy]


@pytest.mark.parametrize(
    ("healthy", "taken"),
    [
        ((100, 100), (100, 0)),
        ((72, 72), (100, 0)),
        ((71, 71), (99, 1)),
        ((50, 50), (70, 30)),
        ((25, 100), (35, 65)),
        ((0, 100), (0, 100)),
        ((25, 25), (50, 50)),
        ((100, 100, 100), (100, 0, 0)),
        ((72, 72, 100), (100, 0, 0)),
        ((71, 71, 100), (99, 1, 0)),
        ((50, 50, 100), (70, 30, 0)),
        ((25, 100, 100), (35, 65, 0)),
        ((25, 25, 100), (35, 35, 30)),
    ],
)
def test_traffic_spills_over_as_envoy_documents(healthy, taken):
    """Otherwise a level that has lost a few endpoints is overrun, or one that is well is left for nothing."""
    found = [load.share * 100 for load in loads(_percent(*healthy), _RULES)]
    assert found == pytest.approx(taken, abs=0.6)


def test_where_all_levels_together_are_too_few_each_takes_by_its_health():
    """Otherwise the last level gets what the formula leaves over, which is the most. Envoy's last row: 36, 36, 28."""
    without_panic = PriorityRules(panic_threshold=0.0)
    found = [load.share for load in loads(_percent(25, 25, 20), without_panic)]
    assert found == pytest.approx([35 / 98, 35 / 98, 28 / 98])


@pytest.mark.parametrize(
    ("healthy", "taken", "panics"),
    [
        ((72, 72), (100, 0), (False, False)),
        ((50, 60), (70, 30), (False, False)),
        ((25, 100), (35, 65), (False, False)),
        ((0, 100), (0, 100), (False, False)),
        ((25, 25), (50, 50), (True, True)),
        ((5, 65), (7, 93), (True, False)),
        ((0, 0), (50, 50), (True, True)),
    ],
)
def test_a_level_panics_only_where_all_together_are_too_few(healthy, taken, panics):
    """Otherwise dead endpoints get requests that another level could serve, or nobody gets any when all look dead."""
    found = loads(_percent(*healthy), _RULES)
    assert [load.share * 100 for load in found] == pytest.approx(taken, abs=0.6)
    assert tuple(load.panic for load in found) == panics


def test_in_total_panic_each_level_takes_as_much_as_it_has_endpoints():
    """Otherwise a level of one takes as much as a level of nine."""
    assert [load.share for load in loads([Level(0, 9), Level(0, 1)], _RULES)] == pytest.approx([0.9, 0.1])


def test_without_a_panic_threshold_nothing_goes_to_what_is_not_healthy():
    """Otherwise whoever wants a quick refusal in an outage can't have it."""
    found = loads(_percent(0, 0), PriorityRules(panic_threshold=0.0))
    assert [(load.share, load.panic) for load in found] == [(0.0, False)] * 2


_levels = st.lists(
    st.integers(1, 50).flatmap(lambda size: st.builds(Level, st.integers(0, size), st.just(size))),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60)
@given(_levels, st.sampled_from([1.0, 1.4, 2.0]))
def test_every_level_takes_by_the_formula(levels, factor):
    """Otherwise some combination of losses sends traffic where there is nobody to take it."""
    found = loads(levels, PriorityRules(factor))
    assert sum(load.share for load in found) == pytest.approx(1)
    health = [min(1.0, factor * level.healthy / level.endpoints) for level in levels]
    total = min(1.0, sum(health))
    if all(load.panic for load in found):
        return
    before = 0.0
    for load, each in zip(found, health, strict=True):
        assert load.share == pytest.approx(min(1 - before, each / total), abs=1e-9)
        before += load.share
        assert load.panic <= (total < 1)
