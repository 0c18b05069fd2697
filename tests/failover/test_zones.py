"""How far requests stay in their zone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reliakit.failover.zones import zone_shares


def test_a_zone_with_endpoints_enough_keeps_its_requests():
    """Otherwise every request pays for a way across zones."""
    assert zone_shares("a", {"a": 1, "b": 1}, {"a": 4, "b": 4}) == {"a": 1.0}


def test_a_zone_with_too_few_sends_the_rest_to_those_with_endpoints_to_spare():
    """Otherwise the few endpoints of a zone with many callers are overrun: a half of the callers, a quarter of the
    endpoints."""
    found = zone_shares("a", {"a": 2, "b": 1, "c": 1}, {"a": 2, "b": 4, "c": 2})
    assert found == pytest.approx({"a": 0.5, "b": 0.5})


@pytest.mark.parametrize(
    ("callers", "endpoints"),
    [
        ({"a": 1, "b": 1}, {"a": 2, "b": 3}),
        ({"a": 1, "b": 1}, {"a": 8}),
        ({"a": 1, "b": 1}, {"b": 4, "c": 4}),
        ({"b": 1}, {"a": 4, "b": 4}),
        ({}, {"a": 4, "b": 4}),
    ],
    ids=["few endpoints", "one zone", "none at home", "no caller at home", "callers unknown"],
)
def test_where_zones_say_too_little_they_are_not_looked_at(callers, endpoints):
    """Otherwise one endpoint of five gets half of all requests, or a zone nobody knows about gets none."""
    assert zone_shares("a", callers, endpoints) is None


_sizes = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 20), min_size=2)


@settings(max_examples=60)
@given(_sizes, _sizes)
def test_every_endpoint_has_the_same_load_in_the_end(callers, endpoints):
    """Otherwise nearness is bought with an endpoint that does the work of two."""
    if sum(endpoints.values()) < 6:
        return
    by_zone = dict.fromkeys(endpoints, 0.0)
    for home, count in callers.items():
        shares = zone_shares(home, callers, endpoints)
        if shares is None:
            return
        assert sum(shares.values()) == pytest.approx(1)
        for zone, share in shares.items():
            by_zone[zone] += count * share
    whole, load = sum(endpoints.values()), sum(callers.values())
    for zone, count in endpoints.items():
        # A zone whose own callers are fewer than its share keeps them and takes of the others what it can spare.
        assert by_zone[zone] / load == pytest.approx(count / whole)
