"""An error budget is what an objective leaves over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.rollouts.budget import budget_left
from reliakit.rollouts.definition import Objective

_THREE_NINES = Objective(0.999, 30 * 86_400.0)


@pytest.mark.parametrize(("errors", "left"), [(0, 1.0), (500, 0.5), (1_000, 0.0), (2_500, -1.5)])
def test_the_budget_is_what_may_fail(errors, left):
    """Otherwise releases freeze too early, or go on when nothing is left."""
    assert budget_left(_THREE_NINES, 1_000_000, errors) == pytest.approx(left)


def test_without_traffic_nothing_is_spent():
    """Otherwise a service that nobody has called yet can never be released to."""
    assert budget_left(_THREE_NINES, 0, 0) == 1.0


@given(st.floats(0.5, 0.9999), st.integers(1, 10**9), st.data())
def test_every_error_spends_some(good, requests, data):
    """Otherwise there is an error that costs nothing."""
    errors = data.draw(st.integers(0, requests - 1))
    objective = Objective(good, 3_600.0)
    assert budget_left(objective, requests, errors + 1) < budget_left(objective, requests, errors) <= 1
