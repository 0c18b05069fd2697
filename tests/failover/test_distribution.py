"""Who gets what share of the traffic."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reliakit.failover.balancing import Balancer
from reliakit.failover.distribution import BalancingRules, Prefer, Standpoint, distributed
from reliakit.failover.endpoints import Endpoint, EndpointHealth, Locality, Status
from reliakit.failover.slow_start import SlowStart
from tests.failover.upstreams import (
    DOWN,
    EU_A,
    EU_B,
    FINE,
    US_A,
    admissions,
    drawn,
    picker_of,
    shared,
    upstreams,
)

_NEAR = BalancingRules(Prefer.ZONE)


def _at(*localities):
    return [Endpoint(f"http://{number}", locality=each) for number, each in enumerate(localities)]


@settings(max_examples=60)
@given(upstreams(), admissions())
def test_traffic_sums_to_one_and_only_panic_asks_what_is_not_available(upstream, admission):
    """Otherwise requests get lost, or go to an endpoint that is ejected, drained or not ready."""
    endpoints, health, rules, standpoint, now = upstream
    found = distributed(endpoints, health, rules, standpoint, now, admission)
    shares = found.shares(len(endpoints))
    if found.groups:
        assert sum(shares) == pytest.approx(1)
    for group in found.groups:
        for member in group.members:
            assert health[member].status is not Status.DRAINING
            assert group.panic or health[member].available
    if not found.panic:
        assert all(each.available for share, each in zip(shares, health, strict=True) if share)


@settings(max_examples=60)
@given(upstreams())
def test_somebody_is_asked_while_anybody_is_available(upstream):
    """Otherwise a healthy endpoint idles beside clients that are refused."""
    found = distributed(*upstream)
    assert found.groups or not any(each.available for each in upstream[1])


@settings(max_examples=60)
@given(upstreams(), st.sampled_from(list(Balancer)), st.integers(0, 999))
def test_what_is_chosen_is_what_has_a_share(upstream, balancer, seed):
    """Otherwise the compiled choice means something else than the distribution that people are shown."""
    endpoints, health, *rest = upstream
    found = distributed(endpoints, health, *rest)
    shares = found.shares(len(endpoints))
    picker = picker_of(found, balancer, endpoints)
    assert (picker.pick is None) == (not found.groups)
    if picker.pick:
        for number in (0.0, 1 - 2**-53, *drawn(seed, 20)):
            assert shares[picker.pick(number, None)] > 0
            assert shares[picker.pick(number, f"user-{number}")] > 0


def test_own_zone_is_first_then_own_region_then_the_others():
    """Otherwise requests cross an ocean while the next rack is idle."""
    endpoints = _at(EU_A, EU_B, US_A)
    assert shared(endpoints, [FINE, FINE, FINE], _NEAR, EU_A) == [1, 0, 0]
    assert shared(endpoints, [DOWN, FINE, FINE], _NEAR, EU_A) == [0, 1, 0]
    assert shared(endpoints, [DOWN, DOWN, FINE], _NEAR, EU_A) == [0, 0, 1]
    assert shared(endpoints, [FINE, FINE, FINE], BalancingRules(), EU_A) == [0.5, 0.5, 0]


def test_a_zone_that_loses_half_of_its_endpoints_keeps_seventy_percent():
    """Otherwise those who are left are overrun, or left alone with nothing to do."""
    endpoints = _at(EU_A, EU_A, EU_B, EU_B)
    assert shared(endpoints, [DOWN, FINE, FINE, FINE], _NEAR, EU_A) == pytest.approx([0, 0.7, 0.15, 0.15])


def test_explicit_priorities_go_before_nearness():
    """Otherwise a spare that somebody has put last is asked first, since it is near."""
    endpoints = [Endpoint("http://near", locality=EU_A, priority=1), Endpoint("http://far", locality=US_A)]
    assert shared(endpoints, [FINE, FINE], _NEAR, EU_A) == [0, 1]
    assert shared(endpoints, [FINE, DOWN], _NEAR, EU_A) == [1, 0]


def test_draining_one_of_three_on_purpose_sends_nothing_to_another_region():
    """Otherwise every deploy that replaces endpoints one by one shifts traffic across regions."""
    endpoints = _at(EU_A, EU_A, EU_B, US_A)
    health = [EndpointHealth(draining=True), FINE, FINE, FINE]
    assert shared(endpoints, health, home=EU_A) == [0, 0.5, 0.5, 0]


def test_where_all_look_dead_all_are_asked_but_those_that_drain():
    """Otherwise a broken health check is an outage, or a process that is being stopped gets requests."""
    endpoints = _at(EU_A, EU_A, EU_A)
    health = [DOWN, replace(FINE, ejected=True), replace(FINE, draining=True)]
    assert shared(endpoints, health) == [0.5, 0.5, 0]
    assert shared(endpoints, [replace(each, draining=True) for each in health]) == [0, 0, 0]


def test_zones_share_a_level_so_that_all_endpoints_have_the_same_load():
    """Otherwise a zone with two endpoints of eight serves half of the callers alone."""
    endpoints = _at(EU_A, EU_A, *[EU_B] * 6)
    callers = {EU_A: 1, EU_B: 1}
    found = shared(endpoints, [FINE] * 8, home=EU_A, callers=callers)
    assert found == pytest.approx([0.25] * 2 + [0.5 / 6] * 6)
    assert shared(endpoints, [FINE] * 8, home=EU_B, callers=callers) == pytest.approx([0, 0, *[1 / 6] * 6])


def test_the_load_of_all_callers_together_is_even():
    """Otherwise zone by zone looks right, and the sum is wrong."""
    endpoints = _at(EU_A, EU_A, EU_B, EU_B, EU_B, EU_B, US_A)
    callers = {EU_A: 3, EU_B: 1}
    rules = BalancingRules(Prefer.REGION)
    load = defaultdict[int, float](float)
    for home, count in callers.items():
        for number, share in enumerate(shared(endpoints, [FINE] * 7, rules, home, callers)):
            load[number] += share * count / 4
    assert list(load.values()) == pytest.approx([*[1 / 6] * 6, 0])


def test_regions_that_are_not_admitted_get_nothing_whatever_their_health():
    """Otherwise a standby whose data is old serves requests before anybody has decided so."""
    endpoints = _at(EU_A, US_A)
    rules, home = BalancingRules(), Standpoint(EU_A)
    eu, us = frozenset({"eu"}), frozenset({"us"})
    for health in ([FINE, FINE], [DOWN, FINE]):
        assert distributed(endpoints, health, rules, home, 0.0, ((1.0, eu),)).shares(2) == [1, 0]
    split = distributed(endpoints, [FINE, FINE], rules, home, 0.0, ((0.75, eu), (0.25, us)))
    assert split.shares(2) == [0.75, 0.25]


def test_a_region_without_endpoints_loses_no_requests():
    """Otherwise a typing error in a region's name is an outage of its share."""
    found = distributed(
        _at(EU_A), [FINE], BalancingRules(), Standpoint(), 0.0,
        ((0.5, frozenset({"eu"})), (0.5, frozenset({"nowhere"}))),
    )  # fmt: skip
    assert found.shares(1) == [1]


def test_an_endpoint_that_has_just_come_back_gets_its_share_bit_by_bit():
    """Otherwise cold caches answer everybody at once."""
    endpoints, rules = _at(EU_A, EU_A), BalancingRules(slow_start=SlowStart(100.0))
    health = [FINE, EndpointHealth(joined=1_000.0)]
    shares = [shared(endpoints, health, rules, now=1_000.0 + after)[1] for after in (0, 10, 50, 100, 500)]
    assert shares == pytest.approx([0.1 / 1.1, 0.1 / 1.1, 0.5 / 1.5, 0.5, 0.5])


def test_nobody_who_has_said_no_region_is_far_from_anybody():
    """Otherwise upstreams without localities get levels, and panic where they should not."""
    assert shared(_at(Locality(), US_A), [FINE, FINE], home=Locality()) == [0.5, 0.5]
