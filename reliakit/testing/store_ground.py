"""What the tests of a store stand on: what they ask of the class that inherits them, and how they run."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from reliakit.stores.protocol import Entry, Receipt, Report, Store, Write

__all__ = ["SPECIAL", "StoreGround", "append", "end", "following", "on", "present", "publish"]

SPECIAL = ("a_c", "a%c", "a*c", "a[bc]", "a?c", "a\\c", "a'c", 'a"c', "a{c}", "abc", "añc", "a名c")
"""Names of which one would match another, were it taken for a pattern."""
_PATIENCE = 1.0


class StoreGround:
    """What `StoreContract` asks for; its docstring says how it is used."""

    within: ClassVar[float] = 30.0
    quiet: ClassVar[float] = 0.3
    pushes: ClassVar[bool] = True

    def make_store(self) -> Store:
        """Returns a new store onto the storage of this test, which is empty when the test begins."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        """Moves the store's clock. Where that can't be done, it waits, and skips the test if it would wait long."""
        if seconds > _PATIENCE:
            pytest.skip(f"the clock of this store can't be moved by {seconds:,.0f} s")
        time.sleep(seconds)

    def damage(self) -> None:
        """Makes the storage unusable until `mend` is called. Where nothing can do that, leave it out."""
        pytest.skip("this store can't be made unusable")

    def mend(self) -> None:
        """Undoes `damage`; what was stored before is there again."""


def on(stores: int) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Callable[[Any], None]]:
    """Makes a test of a coroutine: it gets a loop, and so many stores onto the storage of the test."""

    def decorate(work: Callable[..., Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
        def test(self: StoreGround) -> None:
            asyncio.run(_working(self, work, stores))

        # Not functools.wraps: pytest would see through it, and look for fixtures that are called like the stores.
        test.__name__, test.__qualname__, test.__doc__ = work.__name__, work.__qualname__, work.__doc__
        return test

    return decorate


async def _working(ground: StoreGround, work: Callable[..., Coroutine[Any, Any, None]], stores: int) -> None:
    made = [ground.make_store() for _ in range(stores)]
    try:
        async with asyncio.timeout(ground.within):
            await work(ground, *made)
    finally:
        for store in made:
            await store.close()


async def publish(
    store: Store,
    worker: str,
    sequence: int,
    totals: Mapping[str, int] | None = None,
    marks: Mapping[str, set[int]] | None = None,
    about: str = "{}",
) -> Receipt:
    """Publishes without the ceremony."""
    frozen = {name: frozenset(members) for name, members in (marks or {}).items()}
    return await store.publish(Report(worker, sequence, totals or {}, frozen, about))


async def present(store: Store, prefix: str = "") -> tuple[dict[str, int], dict[str, int]]:
    """Returns the sums and the marks that aren't 0; a store may hold others or not."""
    found = await store.totals(prefix)
    return _filled(found.sums), _filled(found.marks)


async def append(store: Store, *texts: str, writes: Sequence[Write] = ()) -> Entry:
    """Appends to the journal as callers do, again where somebody was faster; returns the entry that it came after."""
    while True:
        last = await store.last() or Entry(0, "")
        if await store.commit(writes, texts, last.number):
            return last
        await asyncio.sleep(0)


def _filled(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def following(changes: AsyncIterator[None]) -> "asyncio.Task[None]":
    """Waits for the next report of a change."""

    async def report() -> None:
        await anext(changes)

    return asyncio.create_task(report())


async def end(changes: AsyncIterator[None], waiting: "asyncio.Task[None] | None" = None) -> None:
    """Stops watching, as an engine does that is cancelled."""
    if waiting is not None and waiting.cancel():
        await asyncio.wait([waiting])
        assert waiting.cancelled(), "a store must let a cancellation through"
    close = getattr(changes, "aclose", None)
    if close is not None:
        await close()
