"""Drives cooperative generators without holding the interpreter for long.

A thread that computes keeps the GIL for 5 ms at a time, which a request in another thread sees as latency. Work
that is written as a generator is cut into slices of about 0.5 ms here, with a rest after each that is long enough
for a waiting thread to take over. (`sleep(0)` is not: the GIL is often taken back before a waiter has woken.)
"""

import asyncio
from collections.abc import Generator
from typing import TypeVar

from reliakit.clock import Clock

__all__ = ["paced"]

T = TypeVar("T")
_SLICE = 0.0005
_REST = 0.0005


async def paced(steps: Generator[None, None, T], clock: Clock) -> T:
    """Exhausts a generator in slices and returns its value."""
    started = clock.monotonic()
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            return finished.value  # type: ignore[no-any-return]
        if clock.monotonic() - started >= _SLICE:
            await asyncio.sleep(_REST)
            started = clock.monotonic()
