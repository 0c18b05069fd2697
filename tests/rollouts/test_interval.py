"""People are told how much worse a canary is, with bounds that hold whenever they look."""

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.interval import estimated
from reliakit.rollouts.lattice import RATIOS
from reliakit.rollouts.ratio import RatioEvidence
from tests.rollouts.blocks import counts, folded
from tests.rollouts.formulas import log_likelihood, lower, shares, upper


def _refuted(blocks, r0, rhos):
    weighed = zip(shares(rhos, r0), rhos, strict=True) if rhos and rhos[0] > r0 else _mirrored(rhos, r0)
    return sum(share * exp(min(700, log_likelihood(blocks, rho, r0))) for share, rho in weighed) >= 40


def _mirrored(rhos, r0):
    return zip(shares([r0 * r0 / rho for rho in rhos], r0), rhos, strict=True)


@given(st.lists(counts(most=400), min_size=1, max_size=3))
def test_the_bounds_are_where_the_formulas_stop_refuting(blocks):
    """Otherwise people roll back, or do not, on an interval that means nothing."""
    found = estimated(folded(RatioEvidence(), blocks))
    low = next((i for i, r0 in enumerate(RATIOS) if not _refuted(blocks, r0, upper(r0))), len(RATIOS))
    high = next(
        (i for i, r0 in enumerate(reversed(RATIOS)) if not _refuted(blocks, r0, lower(r0))), len(RATIOS)
    )
    assert found.low == (RATIOS[low - 1] if low else None)
    assert found.high == (RATIOS[-high] if high else None)


def test_it_narrows_around_the_truth():
    """Otherwise more traffic would never tell people more."""
    early = estimated(folded(RatioEvidence(), [(500, 9_500, 10, 95)]))
    late = estimated(folded(RatioEvidence(), [(500, 9_500, 10, 95)] * 50))
    assert late.low is not None
    assert late.high is not None
    assert 1.4 < late.low < 2 < late.high < 3
    assert (early.low or 0) < late.low
    assert (early.high or 64) > late.high
    assert late.ratio == pytest.approx(2.0, rel=0.01)


def test_the_estimate_is_not_fooled_by_weights_that_move_with_the_error_rate():
    """Otherwise a healthy canary that ramps up during an outage is said to be several times worse (Simpson)."""
    calm, outage = Block(100, 9_900, 1, 99), Block(5_000, 5_000, 1_000, 1_000)
    pooled = (1_001 / 5_100) / (1_099 / 14_900)
    found = estimated(RatioEvidence().folded(calm).folded(outage))
    assert pooled > 2.5
    assert found.ratio == pytest.approx(1.0, rel=0.01)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1 < found.high


def test_nothing_is_claimed_before_anybody_has_failed():
    """Otherwise the first line that people read about a release is made up."""
    found = estimated(folded(RatioEvidence(), [(500, 9_500, 0, 0)]))
    assert (found.ratio, found.low, found.high) == (None, None, None)


@pytest.mark.parametrize(
    ("errors", "ratio"), [((40, 0), RATIOS[-1]), ((0, 400), RATIOS[0])], ids=["only canary", "only stable"]
)
def test_one_sided_failures_are_reported_at_the_end_of_the_lattice(errors, ratio):
    """Otherwise status breaks with a division by zero just when a canary fails alone."""
    found = estimated(folded(RatioEvidence(), [(500, 9_500, *errors)]))
    assert found.ratio == ratio
    assert found.high is None if errors[0] else found.low is None
