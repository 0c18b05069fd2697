"""The look-ups that choose an endpoint: functions over what was worked out ahead.

A `Pick` takes one random number for all that it decides: the group has the first digits of it, and the endpoint within
the group those that are left. That is also what makes a choice repeatable.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mmh3 import hash as murmur3

from reliakit.core.bucketing import SPACE, hashable, salt
from reliakit.failover.distribution import Group
from reliakit.failover.rings import OWNER, PLACE, Ring, ring_of
from reliakit.failover.schedules import schedule

__all__ = ["Pick", "Workings", "by_chance", "by_key", "least_request", "ring_hash", "round_robin"]

Pick = Callable[[float, str | None], int]
"""Takes a random number (0 <= drawn < 1) and the key that a request sticks by; returns the number of an endpoint."""


@dataclass(frozen=True, slots=True)
class Workings:
    """What balancers look at, and what outlives a change of health.

    Attributes:
        turns: counts the choices of this process; `itertools.count()` does so without a lock.
        active: requests in flight to each endpoint, which whoever sends them keeps.
        ring: of all endpoints; empty where no key is looked at.
        active_request_bias: how much requests in flight weigh where weights differ; 0 for not at all.
    """

    turns: Iterator[int]
    active: Sequence[int] = ()
    ring: Ring = ()
    active_request_bias: float = 1.0


def _bounds(weights: Sequence[float]) -> list[float]:
    """Where each but the first begins, on a scale from 0 to 1."""
    whole = sum(weights)
    return [bound / whole for bound in accumulate(weights[:-1])]


def _pieces(bounds: Sequence[float]) -> tuple[list[float], list[float]]:
    """Where each begins, and how wide it is."""
    begins = [0.0, *bounds]
    return begins, [end - begin for begin, end in zip(begins, [*bounds, 1.0], strict=True)]


def by_chance(picks: Sequence[Pick], shares: Sequence[float]) -> Pick:
    """Joins the picks of groups."""
    bounds = _bounds(shares)
    begins, widths = _pieces(bounds)

    def pick(drawn: float, key: str | None) -> int:
        group = bisect_right(bounds, drawn)
        left = (drawn - begins[group]) / widths[group]
        return picks[group](left if left < 1.0 else _ALMOST, key)

    return pick


_ALMOST = 1.0 - 2.0**-53
_GROUPS = salt("group")


def by_key(picks: Sequence[Pick], shares: Sequence[float]) -> Pick:
    """Joins the picks of groups so that the group sticks like the endpoint, by a hash of its own: as the share of a group
    grows, keys move one way.
    """
    bounds, chance = _bounds(shares), by_chance(picks, shares)

    def pick(drawn: float, key: str | None) -> int:
        if key is None:
            return chance(drawn, None)
        place = murmur3(key if key.isascii() else hashable(key), _GROUPS, False) / SPACE
        return picks[bisect_right(bounds, place)](drawn, key)

    return pick


def round_robin(group: Group, workings: Workings) -> Pick:
    """Everybody in turn, as often as their weights say."""
    turns, order = workings.turns, schedule(group.members, group.weights)
    length = len(order)

    def pick(drawn: float, key: str | None) -> int:
        return order[next(turns) % length]

    return pick


def least_request(group: Group, workings: Workings) -> Pick:
    """Two at random, and the one of them that has less in flight."""
    members, active, size = group.members, workings.active, len(group.members)
    if size == 1:
        return _only(members[0])
    if min(group.weights) != max(group.weights):
        return _least_weighted(group, workings)
    others = size - 1

    def pick(drawn: float, key: str | None) -> int:
        scaled = drawn * size
        first = int(scaled)
        # Two different ones, where Envoy may draw one twice: of two endpoints the busier one would get a quarter.
        second = first - 1 - int((scaled - first) * others)
        one, other = members[first], members[second]
        return other if active[other] < active[one] else one

    return pick


def _only(member: int) -> Pick:
    def pick(drawn: float, key: str | None) -> int:
        return member

    return pick


def _least_weighted(group: Group, workings: Workings) -> Pick:
    """Draws two different ones by weight, and takes the one that has less in flight for its weight; the first where they are equal,
    so that an idle upstream is asked by weight alone.
    """
    members, active, bias = group.members, workings.active, workings.active_request_bias
    bounds, inverse = _bounds(group.weights), [bias and 1 / weight for weight in group.weights]
    begins, widths = _pieces(bounds)

    def pick(drawn: float, key: str | None) -> int:
        first = bisect_right(bounds, drawn)
        begin, width = begins[first], widths[first]
        place = (drawn - begin) / width * (1.0 - width)
        second = bisect_right(bounds, place if place < begin else place + width)
        one, other = members[first], members[second]
        busy = active[one] ** bias * inverse[first]
        return other if active[other] ** bias * inverse[second] < busy else one

    return pick


def ring_hash(group: Group, workings: Workings) -> Pick:
    """By key; at random where there is none."""
    points = ring_of(workings.ring, group.members)
    last = len(points)

    def pick(drawn: float, key: str | None) -> int:
        if key is None:
            place = int(drawn * SPACE)
        else:
            place = murmur3(key if key.isascii() else hashable(key), 0, False)
        found = bisect_left(points, place << PLACE)
        return points[found if found < last else 0] & OWNER

    return pick
