"""How endpoints take turns."""

from collections import Counter
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.failover.balancing import Balancer, compiled
from reliakit.failover.distribution import Distribution, Group
from reliakit.failover.endpoints import Endpoint
from reliakit.failover.picks import Workings
from reliakit.failover.rings import LARGEST_RING, OWNER, PLACE, ring
from reliakit.failover.schedules import LONGEST, schedule
from tests.failover.upstreams import drawn, picker_of

_KEYS = [f"user-{number}" for number in range(10_000)]


def _endpoints(weights):
    return [Endpoint(f"http://10.0.0.{number}:8000", weight) for number, weight in enumerate(weights)]


def _picker(balancer, weights, active=None, left_out=(), **details):
    members = [number for number in range(len(weights)) if number not in left_out]
    group = Group(1.0, tuple(members), tuple(weights[each] for each in members))
    return picker_of(Distribution((group,)), balancer, _endpoints(weights), active, **details)


def _counted(picker, times=20_000):
    found = Counter(picker.pick(each, None) for each in drawn(1, times))
    return [found[number] / times for number in sorted(found)]


def test_round_robin_takes_turns():
    """Otherwise one endpoint works while another waits."""
    picker = _picker(Balancer.ROUND_ROBIN, [1, 1, 1])
    assert [picker.pick(0.5, None) for _ in range(6)] == [0, 1, 2, 0, 1, 2]


def test_weighted_turns_are_spread_out():
    """Otherwise the heavy one gets its requests in bursts."""
    assert schedule([0, 1, 2], [5, 1, 1]) == (0, 0, 0, 1, 2, 0, 0)
    assert schedule([7, 8], [3, 1]) == (7, 7, 8, 7)


@given(st.lists(st.sampled_from([0.1, 0.37, 1.0, 2.0, 100.0]), min_size=1, max_size=40))
def test_turns_are_as_many_as_the_weights_say(weights):
    """Otherwise a weight is only a wish."""
    turns = Counter(schedule(range(len(weights)), weights))
    length, whole = sum(turns.values()), sum(weights)
    assert length <= LONGEST + len(weights)
    for number, weight in enumerate(weights):
        assert abs(turns[number] - length * weight / whole) <= 1 + length * weight / whole * 0.02


@given(st.lists(st.integers(1, 9), min_size=2, max_size=12))
def test_nobody_waits_long_for_a_turn(weights):
    """Otherwise an endpoint gets all of its requests at once and then none. A gap is as long as it
    has to be, and once around more at most.
    """
    order = schedule(range(len(weights)), weights)
    for number, weight in enumerate(weights):
        places = [place for place, member in enumerate(order * 2) if member == number]
        assert max(b - a for a, b in pairwise(places)) <= sum(weights) / weight + len(weights)


def test_turns_go_on_when_health_changes():
    """Otherwise the first endpoint gets a request more at each change, and a flapping one draws all traffic there."""
    among, workings = Distribution((Group(1.0, (0, 1, 2), (1, 1, 1)),)), Workings(count())
    found = Counter[int]()
    for _ in range(300):
        pick = compiled(among, Balancer.ROUND_ROBIN, workings).pick
        assert pick is not None
        found[pick(0.0, None)] += 1
    assert set(found.values()) == {100}


@pytest.mark.parametrize("balancer", list(Balancer))
def test_requests_follow_the_weights(balancer):
    """Otherwise the small machine breaks first."""
    weights = [1, 2, 5]
    assert _counted(_picker(balancer, weights)) == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=0.06)


def test_least_request_takes_the_one_with_less_in_flight():
    """Otherwise a slow endpoint queues while others are free. Of two, the busier one gets nothing."""
    picker = _picker(Balancer.LEAST_REQUEST, [1, 1], [5, 4])
    assert _counted(picker, 1_000) == [1.0]
    assert {picker.pick(each, None) for each in drawn(2, 100)} == {1}


@pytest.mark.parametrize("idle", [0, 1, 2])
def test_weights_do_not_make_it_draw_one_twice(idle):
    """Otherwise a busy endpoint is compared with itself, and found fine: here the idle one is drawn in two of two."""
    active = [9_000, 9_000, 9_000]
    active[idle] = 0
    picker = _picker(Balancer.LEAST_REQUEST, [1, 2, 4], active, left_out=[(idle + 1) % 3])
    assert {picker.pick(each, None) for each in (0.0, 1 - 2**-53, *drawn(8, 500))} == {idle}


def test_least_request_draws_two_different_endpoints():
    """Otherwise the busiest of three still gets a ninth of the requests."""
    picker = _picker(Balancer.LEAST_REQUEST, [1, 1, 1], [9, 0, 0])
    assert _counted(picker) == pytest.approx([0.5, 0.5], abs=0.02)
    assert 0 not in {picker.pick(each, None) for each in drawn(3, 1_000)}


@pytest.mark.parametrize("weights", [[1, 1, 1, 1], [1, 2, 3, 4]])
def test_a_slow_endpoint_gets_less(weights):
    """Otherwise one slow endpoint slows everybody: a tenth as fast, it gets a third of its share at most."""
    active, ends = [0] * 4, list[tuple[int, int]]()
    picker = _picker(Balancer.LEAST_REQUEST, weights, active)
    served = Counter[int]()
    for now, number in enumerate(drawn(4, 20_000)):
        for end in [each for each in ends if each[0] <= now]:
            ends.remove(end)
            active[end[1]] -= 1
        chosen = picker.pick(number, None)
        active[chosen] += 1
        served[chosen] += 1
        ends.append((now + (100 if chosen == 3 else 10), chosen))
    assert served[3] / 20_000 < weights[3] / sum(weights) / 3


def test_requests_in_flight_count_by_weight():
    """Otherwise an endpoint twice as strong is thought twice as busy."""
    even = _picker(Balancer.LEAST_REQUEST, [1, 2], [5, 10])
    assert _counted(even) == pytest.approx([1 / 3, 2 / 3], abs=0.02)
    unbiased = _picker(Balancer.LEAST_REQUEST, [1, 2], [0, 1_000], bias=0.0)
    assert _counted(unbiased) == pytest.approx([1 / 3, 2 / 3], abs=0.02)


def _owners(weights, left_out=()):
    picker = _picker(Balancer.RING_HASH, weights, left_out=left_out)
    return {key: picker.pick(0.0, key) for key in _KEYS}


@pytest.mark.parametrize("size", [3, 10, 100])
def test_when_an_endpoint_leaves_only_its_own_people_move(size):
    """Otherwise one failure empties every cache and session of the fleet."""
    before, after = _owners([1.0] * size), _owners([1.0] * size, left_out=[1])
    moved = [key for key in _KEYS if before[key] != after[key]]
    assert moved == [key for key in _KEYS if before[key] == 1]
    assert len({after[key] for key in moved}) > min(size - 2, 5)


@pytest.mark.parametrize("size", [3, 10, 100])
def test_when_an_endpoint_comes_it_takes_its_share_and_nobody_else_moves(size):
    """Otherwise growing by one machine costs everybody their session."""
    before, after = _owners([1.0] * size), _owners([1.0] * (size + 1))
    moved = [key for key in _KEYS if before[key] != after[key]]
    assert len(moved) / len(_KEYS) == pytest.approx(1 / (size + 1), rel=0.5)
    assert {after[key] for key in moved} == {size}


@pytest.mark.parametrize(("size", "worst"), [(3, 1.2), (30, 1.4), (300, 1.8)])
def test_the_ring_shares_out_evenly_enough(size, worst):
    """Otherwise one endpoint has twice the people of another: at most so many times the mean."""
    arcs = Counter[int]()
    for before, point in pairwise((0, *ring(_endpoints([1.0] * size)))):
        arcs[point & OWNER] += (point >> PLACE) - (before >> PLACE)
    assert max(arcs.values()) / (2**32 / size) < worst
    assert len(arcs) == size


def test_the_ring_is_the_same_everywhere():
    """Otherwise two workers, or two versions, send the same person to different endpoints."""
    owners = _owners([1.0, 2.0, 1.0])
    assert "".join(str(owners[key]) for key in _KEYS[:20]) == "11211110100122110222"


@pytest.mark.parametrize("key", ["", "Zoë", "\udc80", "x" * 10_000])
def test_every_key_has_an_endpoint(key):
    """Otherwise a cookie that somebody has made up ends the process."""
    groups = Group(0.5, (0, 1), (1, 1)), Group(0.5, (2,), (1,))
    picker = picker_of(Distribution(groups), Balancer.RING_HASH, _endpoints([1, 1, 1]))
    assert picker.pick(0.0, key) == picker.pick(0.9, key)


def test_a_ring_stays_small():
    """Otherwise an upstream of a thousand endpoints costs seconds at every reload."""
    assert len(ring(_endpoints([1.0] * 1_000))) <= LARGEST_RING + 1_000
    assert ring([]) == ()


def test_as_a_group_grows_people_move_one_way():
    """Otherwise shifting a region step by step tosses people back and forth."""
    endpoints = _endpoints([1, 1, 1, 1])

    def owners(share):
        groups = Group(1 - share, (0, 1), (1, 1)), Group(share, (2, 3), (1, 1))
        picker = picker_of(Distribution(groups), Balancer.RING_HASH, endpoints)
        return {key: picker.pick(0.0, key) for key in _KEYS}

    for before, after in pairwise([owners(share) for share in (0.1, 0.25, 0.5, 0.9)]):
        assert all(before[key] == after[key] or (before[key] < 2 <= after[key]) for key in _KEYS)


@pytest.mark.parametrize("balancer", list(Balancer))
def test_groups_get_their_share(balancer):
    """Otherwise spill-over stays on paper."""
    groups = Group(0.7, (0, 1), (1, 1)), Group(0.2, (2,), (1,)), Group(0.1, (0, 3), (1, 3))
    picker = picker_of(Distribution(groups), balancer, _endpoints([1] * 4))
    assert _counted(picker, 40_000) == pytest.approx([0.375, 0.35, 0.2, 0.075], abs=0.03)
    assert picker.distribution.shares(4) == pytest.approx([0.375, 0.35, 0.2, 0.075])


@pytest.mark.parametrize("balancer", list(Balancer))
def test_another_attempt_goes_to_somebody_else(balancer):
    """Otherwise a retry asks the endpoint that has just failed."""
    picker = _picker(balancer, [1, 1, 2])
    found = Counter(picker.another([0], each) for each in drawn(5, 6_000))
    assert found[1] / 6_000 == pytest.approx(1 / 3, abs=0.03)
    assert set(found) == {1, 2}
    assert {picker.another([0, 1], each) for each in drawn(6, 50)} == {2}
    assert {picker.another([0, 1, 2], each) for each in drawn(7, 50)} == {0, 1, 2}


def test_where_nobody_may_be_asked_nobody_is():
    """Otherwise a request goes to an endpoint that is meant to be empty, or raises."""
    picker = picker_of(Distribution(()), Balancer.ROUND_ROBIN, [])
    assert picker.pick is None
    assert picker.another([], 0.5) is None
