"""What it costs to choose an endpoint, beside one that is fixed: 3 and 300 endpoints, alike and mixed."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from random import Random, random
from typing import Any

from benchmarks.budgets import at_most
from benchmarks.rounds import Batch, Timings, interleaved
from benchmarks.table import Table
from reliakit.failover.balancing import Balancer, Picker, compiled
from reliakit.failover.distribution import BalancingRules, Prefer, Standpoint, distributed
from reliakit.failover.endpoints import Endpoint, EndpointHealth, Locality, Status
from reliakit.failover.picks import Workings
from reliakit.failover.rings import ring
from reliakit.failover.slow_start import SlowStart

__all__ = ["run"]

_FIXED = "a fixed endpoint"
_BUDGET = 2.0
_SIZES = (3, 300)
_HOME = Locality("eu", "a")
_KEYS = [f"user-{number}" for number in range(1_000)]
_DOWN = EndpointHealth(Status.UNHEALTHY)


def run(smoke: bool) -> list[Table]:
    """Measures choices, and what compiling them costs off the request path."""
    rounds, seconds = (1, 0.005) if smoke else (9, 0.1)
    timings = interleaved(_choices(), rounds, seconds)
    compiling = interleaved(_compiling(), rounds, seconds)
    return [_chosen(timings, rounds, smoke), _compiled(compiling, rounds)]


def _chosen(timings: dict[str, Timings], rounds: int, smoke: bool) -> Table:
    added = {name: each.over(timings[_FIXED]) for name, each in timings.items()}
    rows = tuple(
        (name, f"{each.median:.2f}", f"{added[name].median:.2f} ({added[name].least:.2f})")
        for name, each in timings.items()
    )
    budget = at_most(
        "the dearest choice over a fixed endpoint",
        max(each.median for each in added.values()),
        _BUDGET,
        " us",
    )
    # One short round says nothing about a budget.
    problems = (budget.line(),) if budget.miss > 0 and not smoke else ()
    notes = f"medians of {rounds} interleaved rounds; the random number is drawn in each", budget.line()
    return Table("Choosing an endpoint", ("us", "each", "added (best)"), rows, notes, problems)


def _compiled(timings: dict[str, Timings], rounds: int) -> Table:
    rows = tuple((name, f"{each.median / 1e3:.2f}") for name, each in timings.items())
    notes = (f"medians of {rounds} interleaved rounds; off the request path, when health changes",)
    return Table("Distributing and compiling, 300 endpoints in two zones", ("ms", "each"), rows, notes)


def _choices() -> dict[str, Batch]:
    subjects: dict[str, Batch] = {_FIXED: partial(_repeat, _fixed, None)}
    for size in _SIZES:
        for balancer in Balancer:
            for kind, picker in (("alike", _alike(balancer, size)), ("mixed", _mixed(balancer, size))):
                keys = _KEYS if balancer is Balancer.RING_HASH else None
                assert picker.pick is not None
                subjects[f"{balancer}, {size} {kind}"] = partial(_repeat, picker.pick, keys)
    return subjects


def _fixed(drawn: float, key: str | None) -> int:
    return 0


def _repeat(pick: Callable[[float, str | None], int], keys: list[str] | None, calls: int) -> None:
    for number in range(calls):
        pick(random(), keys[number % 1_000] if keys else None)


def _endpoints(size: int, weights: Iterator[float] | None = None) -> list[Endpoint]:
    zones = [_HOME, Locality("eu", "b")]
    return [
        Endpoint(
            f"http://10.0.{number // 250}.{number % 250}:8000",
            next(weights) if weights else 1.0,
            zones[number % 2],
        )
        for number in range(size)
    ]


def _alike(balancer: Balancer, size: int) -> Picker:
    """All healthy, of the same weight: one group."""
    return _picker(balancer, _endpoints(size), [EndpointHealth()] * size, BalancingRules(Prefer.NOTHING))


def _mixed(balancer: Balancer, size: int) -> Picker:
    """Different weights, some down and some warming: the near zone spills over, so there are two groups."""
    endpoints = _endpoints(size, iter(Random(1).choices((1.0, 2.0, 5.0), k=size)))
    health = [
        _DOWN if number % 4 == 0 else EndpointHealth(joined=float(number % 30)) for number in range(size)
    ]
    return _picker(balancer, endpoints, health, BalancingRules(Prefer.ZONE, slow_start=SlowStart(60.0)))


def _picker(
    balancer: Balancer, endpoints: list[Endpoint], health: list[EndpointHealth], rules: BalancingRules
) -> Picker:
    active = Random(2).choices(range(20), k=len(endpoints))
    workings = Workings(count(), active, ring(endpoints) if balancer is Balancer.RING_HASH else ())
    return compiled(distributed(endpoints, health, rules, Standpoint(_HOME), 30.0), balancer, workings)


def _compiling() -> dict[str, Batch]:
    endpoints = _endpoints(300)
    health = [
        _DOWN if number % 4 == 0 else EndpointHealth(joined=float(number % 30)) for number in range(300)
    ]
    rules = BalancingRules(Prefer.ZONE, slow_start=SlowStart(60.0))
    whole = ring(endpoints)

    def once(balancer: Balancer, calls: int) -> None:
        workings = Workings(count(), [0] * 300, whole)
        for _ in range(calls):
            compiled(distributed(endpoints, health, rules, Standpoint(_HOME), 30.0), balancer, workings)

    subjects: dict[str, Any] = {str(balancer): partial(once, balancer) for balancer in Balancer}
    return subjects | {"the ring of an upstream, when it is defined": partial(_rings, endpoints)}


def _rings(endpoints: list[Endpoint], calls: int) -> None:
    for _ in range(calls):
        ring(endpoints)
