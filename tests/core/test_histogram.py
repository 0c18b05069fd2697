"""One histogram answers two readers, and neither is told anything else than if it had its own."""

from bisect import bisect_left
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from math import ceil, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.core.histogram import (
    BINS,
    EDGES,
    GAMMA,
    HTTP_BOUNDARIES,
    LOG_EDGES,
    bin_of,
    http_buckets,
    log_bins,
    quantile,
)

_ALL_EDGES = (*HTTP_BOUNDARIES, *LOG_EDGES)
_AROUND_EDGES = [
    near for edge in _ALL_EDGES for near in (nextafter(edge, 0), edge, nextafter(edge, 1000))
]  # fmt: skip
_durations = st.lists(st.floats(0, 200) | st.floats(0, 0.01) | st.sampled_from(_AROUND_EDGES), max_size=60)


def _recorded(durations: list[float]) -> list[int]:
    found = Counter(map(bin_of, durations))
    assert found.keys() <= set(range(BINS))
    return [found[number] for number in range(BINS)]


def _directly(durations: list[float], bounds: tuple[float, ...]) -> list[int]:
    """Buckets as OpenTelemetry defines them: the first whose upper edge is not below the duration."""
    buckets = [0] * (len(bounds) + 1)
    for duration in durations:
        buckets[sum(bound < duration for bound in bounds)] += 1
    return buckets


def test_every_fine_bin_lies_in_one_bucket_of_each_reader():
    """Otherwise requests near a boundary are told to one reader as faster than they were."""
    assert list(EDGES) == sorted(set(_ALL_EDGES))
    assert len(EDGES) + 1 == BINS
    for low, high in zip((0.0, *EDGES), EDGES, strict=False):
        for bounds in (HTTP_BOUNDARIES, LOG_EDGES):
            assert not any(low < bound < high for bound in bounds)


def test_an_upper_edge_belongs_to_its_bucket():
    """Otherwise a request of exactly 100 ms is outside of a 100 ms objective."""
    for place, edge in enumerate(HTTP_BOUNDARIES):
        assert http_buckets(_recorded([edge])).index(1) == place
        assert http_buckets(_recorded([nextafter(edge, 1000)])).index(1) == place + 1


@given(_durations)
def test_folding_agrees_with_bucketing_the_durations_themselves(durations):
    """Otherwise dashboards and the analysis of a release disagree on the same requests."""
    bins = _recorded(durations)
    assert http_buckets(bins) == _directly(durations, HTTP_BOUNDARIES)
    assert log_bins(bins) == _directly(durations, LOG_EDGES)


def test_the_log_histogram_reaches_from_a_microsecond_to_a_hundred_seconds_in_even_steps():
    """Otherwise very fast or very slow requests all look alike to the analysis."""
    assert LOG_EDGES[0] == 1e-6
    assert LOG_EDGES[-2] < 100 <= LOG_EDGES[-1]
    for low, high in pairwise(LOG_EDGES):
        assert high / low == pytest.approx(GAMMA)


@given(
    st.lists(st.floats(1e-6, 100), min_size=1, max_size=60),
    st.sampled_from(["0", "0.01", "0.25", "0.5", "0.75", "0.9", "0.95", "0.99", "0.999", "1"]),
)
def test_a_quantile_is_within_four_percent(durations, share):
    """Otherwise `p95` on the screen is not the p95 that people felt."""
    rank = max(1, ceil(Fraction(share) * len(durations)))
    exact = sorted(durations)[rank - 1]
    found = quantile(_recorded(durations), float(share))
    assert found is not None
    assert exact <= found <= exact * 1.0400001


def test_nothing_recorded_has_no_quantile():
    """Otherwise an idle slot looks like the fastest of all."""
    assert quantile([0] * BINS, 0.5) is None


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), 1e9, 1e-300])
def test_durations_beyond_the_edges_have_a_bin(seconds):
    """Otherwise a clock that steps back, or a request that hangs for hours, fails the request."""
    assert 0 <= bin_of(seconds) < BINS
    assert bin_of(seconds) == bisect_left(EDGES, seconds)
