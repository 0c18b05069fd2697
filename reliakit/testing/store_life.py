"""Tests of leases and pushes, and that a store outlives loops, cancellations and failures."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

import pytest

from reliakit.stores.protocol import Store, StoreError, Write
from reliakit.testing.store_ground import StoreGround, append, end, following, on, present, publish

__all__ = ["LifeContract"]


class LifeContract(StoreGround):
    """Leases, pushes, loops, cancellations, failures."""

    @on(5)
    async def test_a_lease_has_one_holder(self, *stores: Store) -> None:
        """Otherwise all workers would do the same work."""
        won = await asyncio.gather(*(store.lease("fold", f"w{at}", 60) for at, store in enumerate(stores)))
        assert won.count(True) == 1
        holder = f"w{won.index(True)}"
        assert [await store.lease("fold", holder, 60) for store in stores] == [True] * 5, (
            "its holder renews it"
        )
        assert not await stores[0].lease("fold", "another", 60)
        assert await stores[0].lease("prune", "another", 60), "another lease is free"

    @on(2)
    async def test_a_lease_ends_unless_it_is_renewed(self, one: Store, two: Store) -> None:
        """Otherwise a worker that is killed would stop the work for ever."""
        assert await one.lease("fold", "w1", 0.2)
        assert await one.lease("fold", "w1", 60)
        self.advance(0.3)
        assert not await two.lease("fold", "w2", 60), "it was renewed for longer"
        assert await one.lease("fold", "w1", 0.2)
        self.advance(0.3)
        assert await two.lease("fold", "w2", 60)
        assert not await one.lease("fold", "w1", 60)

    @on(2)
    async def test_a_lease_is_given_back_by_its_holder_alone(self, one: Store, two: Store) -> None:
        """Otherwise a worker that ends would take the lease from the one that works."""
        await one.lease("fold", "w1", 60)
        await two.release("fold", "w2")
        await two.release("none", "w2")
        assert not await two.lease("fold", "w2", 60)
        await one.release("fold", "w1")
        assert await two.lease("fold", "w2", 60)
        await one.release("fold", "w1")
        assert await two.lease("fold", "w2", 60)

    def test_it_says_what_it_is(self) -> None:
        """Otherwise `status` could not say whether an override is for this host or for all."""
        store = self.make_store()
        assert store.name
        assert store.scope in ("process", "host", "fleet")

    @on(2)
    async def test_an_announced_commit_is_pushed_each_time(self, one: Store, two: Store) -> None:
        """Otherwise a kill switch would wait for the next poll."""
        if not self.pushes:
            pytest.skip("this store does not push")
        watched, keys = [one.changes(), two.changes(), two.changes()], count()
        for _ in range(3):
            waiting = [following(changes) for changes in watched]
            # Again and again, since a push may be lost; each in vain costs a part of `within`.
            while {task for task in waiting if not task.done()}:
                assert await one.commit([Write(f"k{next(keys)}", "text", 0)])
                await asyncio.wait(waiting, timeout=self.within / 20)
            for task in waiting:
                task.result()
        await asyncio.gather(*(end(changes) for changes in watched))

    @on(1)
    async def test_watching_never_ends(self, store: Store) -> None:
        """Otherwise a worker would stop to hear of changes without a word."""
        changes = store.changes()
        waiting = following(changes)
        for _ in range(3):  # there may be more pushes than commits, but it must not spin
            done, _ = await asyncio.wait([waiting], timeout=self.quiet)
            if not done:
                break
            waiting.result()
            waiting = following(changes)
        assert not waiting.done()
        await end(changes, waiting)

    @on(1)
    async def test_watching_may_be_cancelled_and_leaves_nothing_running(self, store: Store) -> None:
        """Otherwise an engine would not stop, and restarts would leak."""
        for _ in range(3):
            changes = store.changes()
            waiting = following(changes)
            await asyncio.wait([waiting], timeout=self.quiet / 10)
            await end(changes, waiting)
        await store.close()
        while asyncio.all_tasks() != {asyncio.current_task()}:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)

    def test_it_outlives_event_loops(self) -> None:
        """Otherwise it would be read at start, on one loop, and never again by the engine, on another."""
        store = self.make_store()
        told: list[bool] = []

        async def work(closing: bool) -> None:
            changes = store.changes()
            waiting = following(changes)
            told.append((await publish(store, "w", len(told), {"ok": len(told)})).known)
            await append(store, "event")
            await end(changes, waiting)
            if closing:
                await store.close()

        for closing in (True, False, True, True):
            asyncio.run(work(closing))
        assert told == [False, True, True, True]

    @on(1)
    async def test_it_can_be_used_again_after_it_was_closed(self, store: Store) -> None:
        """Otherwise a kit that is closed and used again would be blind."""
        await store.close()
        await append(store, "event")
        await store.close()
        await store.close()
        assert await store.last() is not None

    @on(2)
    async def test_a_call_may_be_cancelled_at_any_moment(self, one: Store, two: Store) -> None:
        """Otherwise a call that takes too long could not be given up, or would leave half of it behind."""
        for at, turns in enumerate((0, 1, 2, 3, 5, 8, 13, 30)):
            for call in _calls(one, at):
                await _cancelled(call, turns)
        await publish(one, "w", 100, {"a": 100, "z": 100})
        await _set(one, "end")
        assert await present(two) == ({"a": 100, "z": 100}, {})
        entries = await two.journal()
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert (await two.read(["k"])).found["k"].text == entries[-1].text == "end"

    def test_it_says_when_it_cannot_be_used_and_works_again_later(self) -> None:
        """Otherwise its failure would look like ours, or be for ever."""

        async def work(self: StoreGround, store: Store) -> None:
            await append(store, "before")
            for _ in range(2):
                await asyncio.to_thread(self.damage)
                try:
                    failed = await asyncio.gather(*_everything(store), return_exceptions=True)
                    assert [type(each) for each in failed] == [StoreError] * len(failed)
                    assert all(map(str, failed)), "the message has to say what to look at"
                finally:
                    await asyncio.to_thread(self.mend)
                await _again(store, self.within / 2)

        on(1)(work)(self)


def _calls(store: Store, at: int) -> list[Callable[[], Coroutine[Any, Any, object]]]:
    """Calls that change something, each of which may happen or not."""
    return [
        lambda: publish(store, "w", at, {"a": at, "z": at}),
        lambda: _set(store, f"{at}"),
        lambda: store.lease("l", "h", 1),
        lambda: store.absorb("none/", "all/"),
    ]


def _everything(store: Store) -> list[Coroutine[Any, Any, object]]:
    return [
        publish(store, "w", 7, {"a": 7}),
        store.totals(),
        store.retire("w", 0),
        store.absorb("none/", "all/"),
        store.read([""]),
        store.commit([Write("another", "text", 0)]),
        store.last(),
        store.journal(),
        store.prune(0),
        store.lease("l", "h", 1),
        store.release("l", "h"),
    ]


async def _set(store: Store, text: str) -> None:
    """Writes a document and an event of the same text; a change that comes between makes it try again."""
    won = False
    while not won:
        last = await store.last()
        found = (await store.read(["k"])).found
        version = found["k"].version if "k" in found else 0
        won = await store.commit([Write("k", text, version)], [text], last.number if last else 0)


async def _cancelled(call: Callable[[], Coroutine[Any, Any, object]], turns: int) -> None:
    running = asyncio.ensure_future(call())
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()


async def _again(store: Store, within: float) -> None:
    """Waits until it works again, as callers do: at every failure they try later."""
    async with asyncio.timeout(within):
        while True:
            try:
                assert await store.last() is not None
                return
            except StoreError:
                await asyncio.sleep(0.02)
