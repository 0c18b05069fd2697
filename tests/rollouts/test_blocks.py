"""Blocks that can't be compared, or that say nonsense, never reach a test."""

import pytest

from reliakit.rollouts.blocks import Block, foldable


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (Block(1, 19), True),
        (Block(1, 18), False),
        (Block(0, 5_000), False),
        (Block(5_000, 0), False),
        (Block(10, 9, 10, 9), False),
        (Block(0, 0), False),
    ],
)
def test_a_block_waits_until_it_has_twenty_requests_and_both_slots(block, expected):
    """Otherwise a canary is compared with nothing, or a handful of requests ends a release."""
    assert foldable(block) is expected


@pytest.mark.parametrize("counts", [(5, 5, 6, 0), (5, 5, 0, 6), (-1, 5, 0, 0), (5, 5, -1, 0)])
def test_impossible_counts_are_refused(counts):
    """Otherwise totals that went backwards would be judged as if they were traffic."""
    with pytest.raises(ValueError, match="errors <= requests"):
        Block(*counts)


def test_the_share_is_what_was_seen():
    """Otherwise a sticky heavy user, who moves the share, would look like a difference in quality."""
    assert Block(7, 93).f == 0.07
    assert Block(7, 93, 1, 2) + Block(3, 7, 1, 0) == Block(10, 100, 2, 2)
