"""Upstreams for tests: some by hand, and any that Hypothesis can think of."""

from itertools import count
from random import Random

from hypothesis import strategies as st

from reliakit.failover.balancing import compiled
from reliakit.failover.distribution import BalancingRules, Prefer, Standpoint, distributed
from reliakit.failover.endpoints import Endpoint, EndpointHealth, Locality, Status
from reliakit.failover.picks import Workings
from reliakit.failover.priorities import PriorityRules
from reliakit.failover.rings import ring
from reliakit.failover.slow_start import SlowStart

__all__ = ["DOWN", "EU_A", "EU_B", "FINE", "US_A", "admissions", "picker_of", "shared", "upstreams"]

EU_A, EU_B, US_A = Locality("eu", "a"), Locality("eu", "b"), Locality("us", "a")
FINE, DOWN = EndpointHealth(), EndpointHealth(Status.UNHEALTHY)

_localities = st.sampled_from([Locality(), EU_A, EU_B, US_A])
_statuses = st.sampled_from([Status.HEALTHY, Status.HEALTHY, Status.UNHEALTHY, Status.UNKNOWN])
_healths = st.builds(
    EndpointHealth,
    checked=_statuses,
    ejected=st.sampled_from([False, False, True]),
    draining=st.sampled_from([False, False, True]),
    joined=st.none() | st.floats(0, 100),
)
_members = st.tuples(st.sampled_from([0.1, 1, 1, 3, 64]), _localities, st.sampled_from([0, 0, 1]), _healths)
_rules = st.builds(
    BalancingRules,
    prefer=st.sampled_from(list(Prefer)),
    priorities=st.builds(PriorityRules, st.sampled_from([1.0, 1.4]), st.sampled_from([0.0, 0.5, 1.0])),
    slow_start=st.none() | st.builds(SlowStart, st.just(60.0), st.sampled_from([1.0, 2.0])),
    min_cluster_size=st.sampled_from([1, 6]),
)
_standpoints = st.builds(Standpoint, _localities, st.dictionaries(_localities, st.integers(1, 9), max_size=3))


@st.composite
def upstreams(draw, most=12):
    """Arguments of `distributed`, whatever they be: time is 100, so that some endpoints are warming."""
    members = draw(st.lists(_members, max_size=most))
    endpoints = [
        Endpoint(f"http://10.0.0.{number}", weight, locality, priority)
        for number, (weight, locality, priority, _) in enumerate(members)
    ]
    return endpoints, [each[3] for each in members], draw(_rules), draw(_standpoints), 100.0


@st.composite
def admissions(draw):
    """Nothing said of regions, or two parts."""
    share = draw(st.sampled_from([0.0, 0.25, 1.0]))
    regions = st.frozensets(st.sampled_from(["", "eu", "us"]))
    return draw(
        st.none() | st.tuples(st.tuples(st.just(1 - share), regions), st.tuples(st.just(share), regions))
    )


def shared(endpoints, health, rules=None, home=None, callers=None, now=0.0):
    """The share of each endpoint."""
    rules = rules or BalancingRules()
    return distributed(endpoints, health, rules, Standpoint(home or Locality(), callers or {}), now).shares(
        len(endpoints)
    )


def picker_of(distribution, balancer, endpoints, active=None, bias=1.0):
    """A compiled picker, with nothing in flight unless said."""
    active = [0] * len(endpoints) if active is None else active
    return compiled(distribution, balancer, Workings(count(), active, ring(endpoints), bias))


def drawn(seed, times):
    """Random numbers, the same for a seed."""
    chance = Random(seed)
    return [chance.random() for _ in range(times)]
