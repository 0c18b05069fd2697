"""What a canary of a function costs each call: a no-op, plain and decorated, in a request and outside of one."""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.rounds import Batch, interleaved
from benchmarks.table import Table
from benchmarks.wrapped import function_kit
from reliakit import Reliakit

__all__ = ["run"]

_PLAIN, _REQUEST, _OUTSIDE = "plain call", "kit.rollout: in a request", "kit.rollout: in no request"


def run(smoke: bool) -> list[Table]:
    """Measures calls."""
    rounds, seconds = (1, 0.005) if smoke else (9, 0.2)
    kit = function_kit()
    price = _priced(kit)
    timings = interleaved(_subjects(kit, price), rounds, seconds)
    added = {name: each.over(timings[_PLAIN]) for name, each in timings.items()}
    counted = sum(sum(row.outcomes().values()) for row in kit._runtime.tallies.rows().values())
    kit.close()
    return [
        Table(
            "A canary of a function",
            ("us", "each", "added (best)"),
            tuple(
                (name, f"{each.median:.2f}", f"{added[name].median:.2f} ({added[name].least:.2f})")
                for name, each in timings.items()
            ),
            notes=(f"medians of {rounds} interleaved rounds",),
            problems=() if counted else ("no call was counted",),
        )
    ]


def _priced(kit: Reliakit) -> Callable[[int], None]:
    @kit.rollout("pricing", user=str)
    def price(cart: int) -> None: ...

    @price.canary
    def price_v2(cart: int) -> None: ...

    return price


def _plain(cart: int) -> None: ...


def _subjects(kit: Reliakit, price: Callable[[int], None]) -> dict[str, Batch]:
    def within(calls: int) -> None:
        scope = kit._runtime.outside.within(kit._runtime.outside.flags)
        scope.taken = {}
        token = kit._runtime.scope.set(scope)
        try:
            _repeat(price, calls)
        finally:
            kit._runtime.scope.reset(token)

    return {_PLAIN: partial(_repeat, _plain), _REQUEST: within, _OUTSIDE: partial(_repeat, price)}


def _repeat(function: Any, calls: int) -> None:
    for _ in range(calls):
        function(7)
