"""How fast an endpoint gets its full weight."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reliakit.failover.endpoints import EndpointHealth, Status
from reliakit.failover.slow_start import SlowStart


def test_it_rises_in_a_straight_line_from_a_tenth_by_default():
    """Otherwise the default is not what the documents say."""
    slow = SlowStart(60.0)
    assert [slow.factor(after) for after in (0, 6, 15, 30, 60)] == pytest.approx([0.1, 0.1, 0.25, 0.5, 1])


def test_more_aggression_rises_faster_at_first():
    """Otherwise the setting does the opposite of its name."""
    assert SlowStart(100.0, aggression=2.0).factor(25) == pytest.approx(0.5)
    assert SlowStart(100.0, aggression=0.5).factor(50) == pytest.approx(0.25)


@settings(max_examples=60)
@given(st.floats(0, 1e4), st.floats(0.1, 10), st.floats(0.01, 1), st.lists(st.floats(-10, 2e4), min_size=2))
def test_it_never_falls_and_never_leaves_its_bounds(window, aggression, minimum, times):
    """Otherwise an endpoint flickers, or gets nothing and can never warm up."""
    slow = SlowStart(window, aggression, minimum)
    factors = [slow.factor(each) for each in sorted(times)]
    assert factors == sorted(factors)
    assert all(minimum <= each <= 1 for each in factors)


def test_only_those_who_get_requests_are_warming():
    """Otherwise pickers are compiled every second for an endpoint that is down."""
    slow = SlowStart(60.0)
    assert slow.warming(EndpointHealth(joined=0.0), 59.0)
    assert not slow.warming(EndpointHealth(joined=0.0), 60.0)
    assert not slow.warming(EndpointHealth(Status.UNHEALTHY, joined=0.0), 1.0)
    assert not slow.warming(EndpointHealth(), 1.0)
