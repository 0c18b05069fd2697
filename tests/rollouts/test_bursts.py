"""One angry client is one error, whichever workers it meets."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.rollouts.bursts import BITS, Incidents, bit_of, counted, window_of
from tests.rollouts.blocks import size, through_json

_keys = st.sets(st.text(min_size=1, max_size=8), max_size=40)


def _bits(keys, window=7):
    return {bit_of(key, window) for key in keys}


@given(st.lists(st.text(min_size=1, max_size=3), max_size=60), st.integers(1, 8), st.randoms())
def test_retries_over_any_workers_count_once(failures, workers, chance):
    """Otherwise a client that retries eight times against eight workers rolls back a healthy release."""
    published: list[set[int]] = [set() for _ in range(workers)]
    for key in failures * 3:
        published[chance.randrange(workers)].add(bit_of(key, 7))
    assert set[int]().union(*published) == _bits(set(failures))


@pytest.mark.parametrize("clients", [0, 1, 10, 100, 1_000, 5_000])
def test_the_count_is_corrected_for_keys_that_share_a_bit(clients):
    """Otherwise an outage hides how many users it hits, more so on the larger slot."""
    found = [
        counted(len(_bits([f"user-{window}-{i}" for i in range(clients)], window))) for window in range(5)
    ]
    assert None not in found
    assert sum(count or 0 for count in found) / 5 == pytest.approx(clients, rel=0.02, abs=0.5)


def test_a_bitmap_that_is_too_full_says_so():
    """Otherwise stable's bitmap fills up first in an outage, and the canary is blamed for it."""
    full = len(_bits([f"user-{i}" for i in range(BITS)]))
    assert counted(full) is None
    state, fresh = Incidents(((7, 3, 50),)).fresh(7, 1, full)
    assert fresh is None
    assert state == Incidents(((7, 3, 50),))


@given(st.lists(_keys, min_size=1, max_size=6))
def test_folding_in_parts_adds_up_to_the_count_of_the_window(parts):
    """Otherwise errors are counted twice, or lost, whenever a fold happens in the middle of a window."""
    state, canary, total = Incidents(), set(), 0
    for keys in parts:
        canary |= _bits(keys)
        state, fresh = state.fresh(7, len(canary), 0)
        assert fresh is not None
        assert fresh[1] == 0
        total += fresh[0]
    assert total == counted(len(canary))


def test_the_same_bits_add_nothing_twice():
    """Otherwise a flush that arrives twice is an incident of its own."""
    state, _ = Incidents().fresh(7, 3, 1)
    again, fresh = state.fresh(7, 3, 1)
    assert (again, fresh) == (state, (0, 0))


def test_a_late_flush_belongs_to_its_own_window_for_one_window_more():
    """Otherwise what a slow worker saw is lost, or a forgotten window is counted all over again."""
    state, _ = Incidents().fresh(7, 2, 0)
    state, _ = state.fresh(8, 1, 0)
    state, late = state.fresh(7, 3, 0)
    assert late == (1, 0)
    state, _ = state.fresh(9, 0, 0)
    assert state.fresh(7, 5, 0) == (state, (0, 0))


def test_the_same_client_may_fail_again_in_the_next_window():
    """Otherwise a regression that hits the same few users for hours is one error."""
    state, first = Incidents().fresh(7, 1, 0)
    _, second = state.fresh(8, 1, 0)
    assert (first, second) == ((1, 0), (1, 0))


def test_keys_that_share_a_bit_do_not_share_it_for_ever():
    """Otherwise two users who fail for hours are one error in every window."""
    one, two = next(
        (f"user-{i}", f"user-{j}")
        for i in range(1_000)
        for j in range(i)
        if _bits([f"user-{i}"]) == _bits([f"user-{j}"])
    )
    assert _bits([one], 8) != _bits([two], 8)


def test_windows_are_cut_by_the_clock_that_is_passed_in():
    """Otherwise workers disagree on which window a failure belongs to."""
    assert [window_of(now) for now in (0.0, 59.9, 60.0, 3_600.0)] == [0, 0, 1, 60]


def test_a_state_survives_the_store_and_stays_small():
    """Otherwise the bits of the present window are counted again after every restart."""
    state, chance = Incidents(), random.Random(1)
    for window in range(100):
        keys = [str(chance.random()) for _ in range(50)]
        state, _ = state.fresh(window, len(_bits(keys, window)), 0)
    assert through_json(state) == state
    assert len(state.folded) == 2
    assert size(state) < 200
