"""A split that is not what was asked for is noticed, since nothing compared over it can be trusted."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.mismatch import LIMIT, Mismatch, log_e_mismatch
from tests.rollouts.blocks import size, through_json
from tests.rollouts.formulas import beta_ratio


def test_the_published_values():
    """Otherwise releases are held by another rule than the documented one."""
    assert log_e_mismatch(600, 9_400, 0.05) == pytest.approx(7.7859481929, abs=5e-11)
    assert exp(-log_e_mismatch(62, 148, 0.2, 100.0)) == pytest.approx(0.0455796317592497, abs=5e-11)


@given(st.integers(0, 120), st.integers(0, 120), st.sampled_from([0.05, 0.3, 0.9]))
def test_it_is_the_betting_game_step_by_step(n_c, n_s, weight):
    """Otherwise the closed form has drifted from what makes the limit hold under continuous looking."""
    assert log_e_mismatch(n_c, n_s, weight) == pytest.approx(
        log(beta_ratio(n_c, n_s, weight, 1000)), abs=1e-8
    )


def test_the_split_that_was_asked_for_is_fine_at_any_volume():
    """Otherwise rounding in large numbers holds the releases of the busiest services."""
    test = Mismatch(0.05).folded(Block(250_000, 4_750_000))
    assert not test.reached
    assert test.log_e == pytest.approx(0.5 * log(1000 / 5_001_000), abs=0.01)


def test_a_lost_fifth_of_canary_requests_is_noticed():
    """Otherwise a canary that drops connections before they are counted looks healthy."""
    test = Mismatch(0.05)
    for _ in range(50):
        test = test.folded(Block(40, 960))
    assert test.reached
    assert test.log_e > log(LIMIT)


@pytest.mark.parametrize("weight", [0.0, 1.0, 5.0])
def test_a_split_of_nothing_or_everything_is_refused(weight):
    """Otherwise the step to 100 % ends in a logarithm of zero."""
    with pytest.raises(ValueError, match="above 0 and below 1"):
        Mismatch(weight)


def test_a_state_survives_the_store():
    """Otherwise a restarted worker forgets that the split was off."""
    test = Mismatch(0.05, 40, 960)
    assert through_json(test) == test
    assert size(test) < 200
