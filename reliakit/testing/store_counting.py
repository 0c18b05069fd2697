"""Tests that a store counts what workers publish, each count once."""

import asyncio

from reliakit.stores.protocol import Store
from reliakit.testing.store_ground import SPECIAL, StoreGround, on, present, publish

__all__ = ["CountingContract"]


class CountingContract(StoreGround):
    """Reports and sums."""

    @on(2)
    async def test_a_sum_is_what_all_workers_have_counted(self, one: Store, two: Store) -> None:
        """Otherwise a release would be judged by the traffic of one worker."""
        await publish(one, "w1", 1, {"ok": 3, "failed": 1})
        await publish(two, "w2", 1, {"ok": 4})
        assert await present(one) == await present(two) == ({"ok": 7, "failed": 1}, {})

    @on(1)
    async def test_a_later_total_adds_what_it_has_grown_by(self, store: Store) -> None:
        """Otherwise every report would count a worker's whole life again."""
        await publish(store, "w1", 1, {"ok": 3, "failed": 1})
        await publish(store, "w1", 2, {"ok": 10})
        await publish(store, "w1", 3, {"ok": 10, "late": 2})
        assert await present(store) == ({"ok": 10, "failed": 1, "late": 2}, {})

    @on(2)
    async def test_a_report_that_comes_again_or_late_changes_nothing(self, one: Store, two: Store) -> None:
        """Otherwise a report that is sent again after a time-out would count twice, or turn a worker back."""
        await publish(one, "w1", 1, {"ok": 1})
        await publish(one, "w1", 5, {"ok": 5}, {"bad": {1}}, about="5")
        before = await one.totals()
        for sequence in (5, 4, 1):
            receipt = await publish(two, "w1", sequence, {"ok": 9, "new": 1}, {"bad": {2}}, about="late")
            assert (receipt.accepted, receipt.known) == (True, True), "it has been counted"
        assert await present(one) == ({"ok": 5}, {"bad": 1})
        assert (await one.totals()).workers == before.workers

    @on(2)
    async def test_a_worker_is_told_whether_it_was_known(self, one: Store, two: Store) -> None:
        """Otherwise a worker would never learn that the store has lost what it held."""
        known = [
            (await publish(store, "w1", at, {"ok": at})).known for at, store in enumerate((one, two, one))
        ]
        assert known == [False, True, True]
        assert not (await publish(two, "w2", 1)).known

    @on(1)
    async def test_an_empty_report_is_a_sign_of_life(self, store: Store) -> None:
        """Otherwise a worker without traffic would be taken for dead."""
        assert (await publish(store, "idle", 1)).accepted
        assert [worker.name for worker in (await store.totals()).workers] == ["idle"]

    @on(2)
    async def test_workers_are_listed_with_their_last_report(self, one: Store, two: Store) -> None:
        """Otherwise nobody could tell who lives, and on which release."""
        await publish(one, "w1", 1, about='{"release": "1"}')
        first = await publish(two, "w2", 1, about='{"where": "名"}')
        self.advance(0.05)
        second = await publish(two, "w1", 2, about='{"release": "2"}')
        found = await one.totals("no series is called like this")
        assert {worker.name: worker.about for worker in found.workers} == {
            "w1": '{"release": "2"}', "w2": '{"where": "名"}',
        }  # fmt: skip
        seen = {worker.name: worker.seen for worker in found.workers}
        assert first.time - 0.04 <= seen["w2"] <= first.time + 0.04 < seen["w1"] <= second.time + 0.04

    @on(2)
    async def test_all_calls_tell_the_same_clock(self, one: Store, two: Store) -> None:
        """Otherwise workers would disagree on how old anything is."""
        times = []
        for at, store in enumerate((one, two, one)):
            self.advance(0.02)
            times += [(await publish(store, "w", at)).time, (await store.totals()).time]
            times.append((await store.read(["x"])).time)
        assert times == sorted(times)
        assert times[0] + 0.035 <= times[-1] < times[0] + self.within
        assert times[0] > 1_000_000_000, "seconds since 1970"

    @on(3)
    async def test_marks_are_the_union_of_what_workers_add(
        self, one: Store, two: Store, three: Store
    ) -> None:
        """Otherwise an incident that all workers see would count once for each of them."""
        await publish(one, "w1", 1, marks={"shop/bad": {0, 7, 4095}, "shop/slow": {1}})
        await publish(two, "w2", 1, marks={"shop/bad": {7, 8}, "other": {3}})
        await publish(one, "w1", 2, marks={"shop/bad": {9}})
        assert await present(three) == ({}, {"shop/bad": 5, "shop/slow": 1, "other": 1})
        assert await present(three, "shop/") == ({}, {"shop/bad": 5, "shop/slow": 1})

    @on(1)
    async def test_marks_stay_for_three_minutes_after_the_last(self, store: Store) -> None:
        """Otherwise an incident would be over before anybody has looked at it."""
        await publish(store, "w1", 1, marks={"bad": {1}})
        self.advance(170)
        await publish(store, "w1", 2, marks={"bad": {2}})
        self.advance(170)
        assert await present(store) == ({}, {"bad": 2})

    @on(1)
    async def test_marks_do_not_stay_for_ever(self, store: Store) -> None:
        """Otherwise a store would fill up with incidents of last year."""
        await publish(store, "w1", 1, {"ok": 1}, {"bad": {1}})
        self.advance(2 * 86_400)
        await publish(store, "w1", 2, marks={"other": {1}})
        assert await present(store) == ({"ok": 1}, {"other": 1})

    @on(1)
    async def test_a_prefix_is_no_pattern(self, store: Store) -> None:
        """Otherwise a release called 2_1 would be judged by the requests of release 2.1."""
        everything = {f"{name}/{end}": at for at, name in enumerate(SPECIAL, 1) for end in ("x", "%")}
        await publish(store, "w1", 1, everything, {name: {1} for name in everything})
        assert await present(store) == (everything, dict.fromkeys(everything, 1))
        for at, name in enumerate(SPECIAL, 1):
            assert await present(store, name + "/") == (
                {f"{name}/x": at, f"{name}/%": at}, {f"{name}/x": 1, f"{name}/%": 1},
            )  # fmt: skip
        assert await present(store, "A") == ({}, {}), "capitals are other letters"
        assert await present(store, "zz") == ({}, {})

    @on(1)
    async def test_large_counts_are_exact(self, store: Store) -> None:
        """Otherwise counts beyond 2**53 would be rounded, as they are by whoever keeps them as floats."""
        half = 2**61
        await publish(store, "w1", 1, {"n": half - 3})
        await publish(store, "w1", 2, {"n": half - 1})
        await publish(store, "w2", 1, {"n": half + 1})
        assert await present(store) == ({"n": 2**62}, {})

    @on(1)
    async def test_many_series_fit_in_one_report(self, store: Store) -> None:
        """Otherwise the first report of a busy worker, with all that it has, would be refused for ever."""
        many = {f"shop/green/2.4.1/{at}": at + 1 for at in range(3_000)}
        await publish(store, "w1", 1, many)
        await publish(store, "w1", 2, {name: count + 1 for name, count in many.items()})
        assert await present(store) == ({name: count + 1 for name, count in many.items()}, {})

    @on(3)
    async def test_sums_are_exact_when_workers_publish_at_once(
        self, one: Store, two: Store, three: Store
    ) -> None:
        """Otherwise counts would get lost under load, just when a release goes wrong."""

        async def work(store: Store, worker: str) -> None:
            for sequence in range(1, 21):
                await publish(
                    store, worker, sequence, {"ok": sequence, worker: sequence * 2}, {"bad": {sequence}}
                )

        stores = {"w1": one, "w2": two, "w3": two, "w4": three}
        await asyncio.gather(*(work(store, worker) for worker, store in stores.items()))
        assert await present(one) == ({"ok": 80, **dict.fromkeys(stores, 40)}, {"bad": 20})

    @on(1)
    async def test_one_report_counts_once_however_often_it_comes_at_once(self, store: Store) -> None:
        """Otherwise a report that is sent again while the first try still runs would count twice."""
        await asyncio.gather(*(publish(store, "w1", 1 + at // 4, {"ok": 1 + at // 4}) for at in range(20)))
        await publish(store, "w1", 9, {"ok": 9})
        assert await present(store) == ({"ok": 9}, {})

    @on(2)
    async def test_sums_are_read_in_one_moment(self, one: Store, two: Store) -> None:
        """Otherwise a block could hold requests without their failures, and promote a release that fails."""

        async def work() -> None:
            for sequence in range(1, 41):
                await publish(one, "w1", sequence, {"a": sequence, "z": sequence})

        writing = asyncio.create_task(work())
        while not writing.done():
            sums, _ = await present(two)
            assert sums.get("a") == sums.get("z")
            await asyncio.sleep(0)
        await writing
