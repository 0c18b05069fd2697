"""The rule that people know from tutorials does what the tutorials say."""

import pytest

from reliakit.rollouts.ratio_rule import Decision, RatioRule, RatioStep, doubled
from tests.rollouts.blocks import folded, size, through_json


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((999, 18_981, 999, 0), Decision.WAIT),
        ((1_000, 0, 10, 0), Decision.WAIT),
        ((1_000, 19_000, 2, 19), Decision.PROMOTE),
        ((1_000, 19_000, 3, 19), Decision.ROLL_BACK),
        ((1_000, 250, 1, 0), Decision.ROLL_BACK),
        ((1_000, 250, 0, 0), Decision.PROMOTE),
    ],
)
def test_after_a_thousand_requests_more_than_twice_is_too_much(counts, expected):
    """Otherwise `judge: ratio` surprises those who chose it because they know it."""
    step = folded(RatioStep(), [counts])
    assert step.decided(RatioRule()) is expected


def test_the_weight_doubles_up_to_everything():
    """Otherwise the ladder ends below or above 100 %."""
    weights = [5.0]
    while weights[-1] < 100:
        weights.append(doubled(weights[-1]))
    assert weights == [5, 10, 20, 40, 80, 100]


def test_a_state_survives_the_store():
    """Otherwise every restart of a worker begins the thousand requests anew."""
    step = folded(RatioStep(), [(400, 7_600, 1, 8), (300, 5_700, 0, 6)])
    assert through_json(step) == step
    assert size(step) < 200
