"""What balancing, health and retries cost a request to an upstream, over one transport that is called as it is.

The transport answers at once and uses no network, so that what is around it is all there is to see: what choosing adds to
an upstream of one endpoint, and what all of it adds to the transport. Least request, round
robin and a ring, over 3 and 300 endpoints; a ring's key is known, as that of a request that has been routed is.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.budgets import at_most
from benchmarks.rounds import Batch, Timings, interleaved
from benchmarks.table import Table
from reliakit.clock import SYSTEM
from reliakit.core.counters import Counters
from reliakit.core.scope import Scope as Visit
from reliakit.core.snapshot import Flags, Snapshot
from reliakit.definitions.upstream_models import EndpointSection, UpstreamSection
from reliakit.failover.balancing import Balancer
from reliakit.failover.distribution import Standpoint
from reliakit.failover.endpoints import Locality
from reliakit.runtime.remotes.plans import Company, Plan
from reliakit.runtime.remotes.remote import Remote
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.protocol import Message, Receive, Scope, Send

__all__ = ["run"]

_BARE = "one transport, called as it is"
_FIXED = "an upstream of one endpoint"
_BUDGET = 2.0
_SIZES = (3, 300)
_SCOPE: Scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "headers": []}


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Instant:
    """A transport that needs no network."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(scope, receive, send)

    async def close(self) -> None:
        pass


def run(smoke: bool) -> list[Table]:
    """Measures requests through remotes, beside one that goes through none."""
    rounds, seconds = (1, 0.02) if smoke else (9, 0.2)
    loop = asyncio.new_event_loop()
    try:
        subjects = {_BARE: _batch(loop, _Instant()), _FIXED: _batch(loop, _remote(Balancer.LEAST_REQUEST, 1))}
        for size in _SIZES:
            for balancer in Balancer:
                subjects[f"{balancer}, {size} endpoints"] = _batch(loop, _remote(balancer, size))
        timings = interleaved(subjects, rounds, seconds)
    finally:
        loop.close()
    return [_table(timings, rounds, smoke)]


def _remote(balancer: Balancer, size: int) -> Any:
    endpoints = tuple(
        EndpointSection(f"http://10.0.{number // 250}.{number % 250}:8000", "eu", "ab"[number % 2])
        for number in range(size)
    )
    section = UpstreamSection(endpoints=endpoints, balancer=balancer.value)
    plan = Plan(section, Forwarding(), Standpoint(Locality("eu", "a")), Path())
    visit = Visit(
        Snapshot(Flags(frozenset(), _nothing, Counters())), Flags(frozenset(), _nothing, Counters())
    )
    visit.subject = "user-42"
    company = Company(SYSTEM, Counters(), lambda: visit, lambda name, ready: None, _nothing, _nothing)
    remote = Remote("shop", plan, company).asgi
    remote.transports = [_Instant()] * size
    return remote


def _nothing(*_: object) -> Any:
    return None


def _batch(loop: asyncio.AbstractEventLoop, app: Callable[[Scope, Receive, Send], Any]) -> Batch:
    async def receive() -> Message:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def send(message: Message) -> None:
        pass

    async def asked(calls: int) -> None:
        for _ in range(calls):
            await app(_SCOPE, receive, send)

    return lambda calls: loop.run_until_complete(asked(calls))


def _table(timings: dict[str, Timings], rounds: int, smoke: bool) -> Table:
    added = {name: each.over(timings[_FIXED]) for name, each in timings.items()}
    whole = {name: each.over(timings[_BARE]) for name, each in timings.items()}
    rows = tuple(
        (name, f"{each.median:.2f}", f"{added[name].median:.2f}", f"{whole[name].median:.2f}")
        for name, each in timings.items()
    )
    dearest = max(each.median for each in added.values())
    budget = at_most("the dearest balancing over a fixed endpoint", dearest, _BUDGET, " us")
    # One short round says nothing about a budget.
    problems = (budget.line(),) if budget.miss > 0 and not smoke else ()
    notes = (
        f"medians of {rounds} interleaved rounds; counting, limits and what retries need included",
        budget.line(),
    )
    return Table(
        "Asking an upstream by its health",
        ("us", "each", "over one endpoint", "over a bare transport"),
        rows,
        notes,
        problems,
    )
