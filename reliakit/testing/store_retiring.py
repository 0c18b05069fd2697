"""Tests that what the dead have counted stays, once, and that series can be given up."""

import asyncio

from reliakit.stores.protocol import Store
from reliakit.testing.store_ground import StoreGround, on, present, publish

__all__ = ["RetiringContract"]


class RetiringContract(StoreGround):
    """Retiring workers and series."""

    @on(2)
    async def test_what_a_retired_worker_counted_stays_and_it_is_gone(self, one: Store, two: Store) -> None:
        """Otherwise the evidence of a release would shrink whenever a worker is recycled."""
        await publish(one, "w1", 1, {"ok": 3}, {"bad": {1}})
        await publish(one, "w2", 1, {"ok": 4})
        assert await two.retire("w1", 0)
        assert await present(one) == ({"ok": 7}, {"bad": 1})
        assert [worker.name for worker in (await one.totals()).workers] == ["w2"]

    @on(2)
    async def test_a_retired_worker_is_refused(self, one: Store, two: Store) -> None:
        """Otherwise a worker that was only asleep would count all of its life again."""
        await publish(one, "w1", 1, {"ok": 3})
        await one.retire("w1", 0)
        for sequence in (1, 2, 3):
            receipt = await publish(two, "w1", sequence, {"ok": 50}, {"bad": {1}})
            assert not receipt.accepted
            assert receipt.time > 0
        assert await present(one) == ({"ok": 3}, {})
        assert (await one.totals()).workers == ()

    @on(2)
    async def test_a_refusal_says_what_was_counted(self, one: Store, two: Store) -> None:
        """Otherwise a worker whose last answer got lost would count that interval twice, or never."""
        await publish(one, "w1", 4, {"ok": 3})
        await publish(one, "w1", 2, {"ok": 1})
        await two.retire("w1", 0)
        for sequence in (4, 5):
            assert (await publish(one, "w1", sequence, {"ok": 9})).sequence == 4

    @on(2)
    async def test_retiring_again_changes_nothing(self, one: Store, two: Store) -> None:
        """Otherwise two workers that clean up after a third would count it twice."""
        await publish(one, "w1", 1, {"ok": 3})
        assert await asyncio.gather(*(store.retire("w1", 0) for store in (one, two, one, two))) == [True] * 4
        assert await one.retire("w1", 3_600)
        assert await present(one) == ({"ok": 3}, {})

    @on(1)
    async def test_only_the_silent_are_retired(self, store: Store) -> None:
        """Otherwise a worker that is well would be thrown out by a slow one."""
        await publish(store, "w1", 1, {"ok": 3})
        assert not await store.retire("w1", 3_600)
        self.advance(0.4)
        assert not await store.retire("w1", 3_600)
        assert (await publish(store, "w1", 2, {"ok": 4})).accepted
        self.advance(0.4)
        assert await store.retire("w1", 0.3)
        assert not (await publish(store, "w1", 3, {"ok": 5})).accepted
        assert await present(store) == ({"ok": 4}, {})

    @on(1)
    async def test_a_report_that_changes_nothing_is_no_sign_of_life(self, store: Store) -> None:
        """Otherwise reports that are delivered late would keep the dead alive."""
        await publish(store, "w1", 5, {"ok": 5})
        self.advance(0.4)
        await publish(store, "w1", 4, {"ok": 4})
        assert await store.retire("w1", 0.3)

    @on(1)
    async def test_one_that_never_reported_is_not_retired(self, store: Store) -> None:
        """Otherwise a store that has lost its data would refuse workers that it is about to hear of."""
        assert not await store.retire("w1", 0)
        assert (await publish(store, "w1", 1, {"ok": 1})).accepted

    @on(1)
    async def test_a_tombstone_stands_for_a_day(self, store: Store) -> None:
        """Otherwise a laptop that slept at lunch would count its morning twice."""
        await publish(store, "w1", 1, {"ok": 1})
        await store.retire("w1", 0)
        self.advance(86_300)
        await publish(store, "w2", 1, {"ok": 1})
        await store.retire("w2", 0)
        assert not (await publish(store, "w1", 2, {"ok": 9})).accepted
        assert await present(store) == ({"ok": 2}, {})

    @on(2)
    async def test_a_report_that_meets_its_retirement_counts_once_or_not_at_all(
        self, one: Store, two: Store
    ) -> None:
        """Otherwise a worker that wakes up while it is retired would be counted in part or twice."""
        for attempt in range(8):
            worker, series = f"w{attempt}", f"ok{attempt}"
            await publish(one, worker, 1, {series: 1})
            receipts, retired = await asyncio.gather(
                asyncio.gather(*(publish(one, worker, at, {series: at}) for at in (2, 3, 4))),
                two.retire(worker, 0),
            )
            accepted = [at for at, receipt in zip((2, 3, 4), receipts, strict=True) if receipt.accepted]
            sums, _ = await present(two, series)
            assert sums == {series: max(accepted, default=1)}
            # Where the last report came after it was asked for, a clock that reads finely may still refuse.
            assert retired or len(accepted) == 3

    @on(2)
    async def test_a_series_is_absorbed_into_another(self, one: Store, two: Store) -> None:
        """Otherwise releases of last year would fill the store, or take their requests with them."""
        await publish(one, "w1", 1, {"old/1_0/ok": 5, "old/1_0/failed": 1, "old/1x0/ok": 7, "all/ok": 2})
        await publish(one, "w2", 1, {"old/1_0/ok": 1})
        await two.absorb("old/1_0/", "all/")
        assert await present(one) == ({"all/ok": 8, "all/failed": 1, "old/1x0/ok": 7}, {})

    @on(1)
    async def test_absorbing_again_or_nothing_changes_nothing(self, store: Store) -> None:
        """Otherwise two workers that tidy up would double what they tidy."""
        await publish(store, "w1", 1, {"old/ok": 5, "all/ok": 2})
        await asyncio.gather(*(store.absorb("old/", "all/") for _ in range(4)))
        await store.absorb("none/", "all/")
        assert await present(store) == ({"all/ok": 7}, {})

    @on(1)
    async def test_what_comes_late_of_an_absorbed_series_counts_from_where_it_stood(
        self, store: Store
    ) -> None:
        """Otherwise the last requests of a release would be lost, or all of them counted again."""
        await publish(store, "w1", 1, {"old/ok": 5})
        await store.absorb("old/", "all/")
        await publish(store, "w1", 2, {"old/ok": 6})
        await publish(store, "w2", 1, {"old/ok": 2})
        assert await present(store) == ({"all/ok": 5, "old/ok": 3}, {})
        await store.absorb("old/", "all/")
        assert await present(store) == ({"all/ok": 8}, {})

    @on(2)
    async def test_nothing_is_lost_when_series_are_absorbed_while_workers_publish(
        self, one: Store, two: Store
    ) -> None:
        """Otherwise the requests of that moment would be missing from both."""

        async def work(worker: str) -> None:
            for sequence in range(1, 21):
                await publish(one, worker, sequence, {"old/ok": sequence})

        publishing = asyncio.gather(work("w1"), work("w2"))
        while not publishing.done():
            await two.absorb("old/", "all/")
            await asyncio.sleep(0)
        await publishing
        sums, _ = await present(two)
        assert sum(sums.values()) == 40
