"""Absolute limits hold where nothing runs beside to compare with, and one bad moment does not trip them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.rollouts.guards import Guard, Guarded, slower_than
from tests.rollouts.blocks import size, through_json

_FIVE_PERCENT = Guard(0.05, 120.0)


def _run(guard, blocks):
    state = Guarded()
    for block in blocks:
        state = state.folded(guard, *block)
    return state


def test_error_rate_above_five_percent_for_two_minutes():
    """Otherwise a release at 100 % fails for as long as nobody looks, or falls to the first hiccup."""
    assert not _run(_FIVE_PERCENT, [(100, 6, 5.0)] * 23).tripped(_FIVE_PERCENT)
    assert _run(_FIVE_PERCENT, [(100, 6, 5.0)] * 24).tripped(_FIVE_PERCENT)


def test_a_good_measurement_in_between_begins_the_time_anew():
    """Otherwise bad moments hours apart add up to a rollback."""
    state = _run(_FIVE_PERCENT, [(100, 6, 5.0)] * 23 + [(100, 5, 5.0)] + [(100, 6, 5.0)] * 23)
    assert not state.tripped(_FIVE_PERCENT)


def test_exactly_the_limit_is_not_above_it():
    """Otherwise "above 5 %" would mean something else than it says."""
    assert not _run(Guard(0.05), [(100, 5, 1.0)]).tripped(Guard(0.05))
    assert _run(Guard(0.05), [(1_000, 51, 1.0)]).tripped(Guard(0.05))


def test_p99_over_800_ms():
    """Otherwise a canary that answers too slowly is never stopped where no stable runs beside."""
    guard = slower_than(0.99)
    assert guard.limit == 0.01
    assert not _run(guard, [(1_000, 10, 1.0)]).tripped(guard)
    assert _run(guard, [(1_000, 11, 1.0)]).tripped(guard)


def test_one_slow_request_is_not_yet_a_p99():
    """Otherwise the first slow request of a quiet hour rolls a release back."""
    guard = slower_than(0.99)
    assert not _run(guard, [(20, 1, 1.0)] * 49).tripped(guard)
    assert _run(guard, [(20, 1, 1.0)] * 50).tripped(guard)


def test_small_blocks_are_measured_together_with_their_time():
    """Otherwise a service with little traffic is not guarded at all, or its time is lost."""
    state = _run(_FIVE_PERCENT, [(5, 1, 31.0)] * 3)
    assert state.breached == 0
    state = state.folded(_FIVE_PERCENT, 5, 1, 31.0)
    assert state.breached == 124
    assert state.share == 0.2
    assert state.tripped(_FIVE_PERCENT)


def test_silence_neither_trips_nor_heals():
    """Otherwise a dead service looks cured, or an idle one broken."""
    idle = _run(_FIVE_PERCENT, [(0, 0, 5.0)] * 100)
    assert not idle.tripped(_FIVE_PERCENT)
    failing = _run(_FIVE_PERCENT, [(100, 6, 60.0)] * 2)
    assert failing.folded(_FIVE_PERCENT, 0, 0, 60.0).tripped(_FIVE_PERCENT)


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1), st.floats(0, 60)), max_size=20))
def test_a_state_survives_the_store(blocks):
    """Otherwise the two minutes begin anew with every deploy of a worker."""
    state = _run(_FIVE_PERCENT, [(n, int(n * share), seconds) for n, share, seconds in blocks])
    assert through_json(state) == state
    assert size(state) < 300


@pytest.mark.parametrize("settings", [(1.0,), (-0.1,), (0.1, -1.0), (0.1, 0.0, 0)])
def test_impossible_guards_are_refused(settings):
    """Otherwise a slip in a file leaves a release unguarded."""
    with pytest.raises(ValueError, match="a guard has"):
        Guard(*settings)
