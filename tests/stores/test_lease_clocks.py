"""A clock that goes back keeps nobody waiting for a holder that is dead."""

import asyncio

import pytest

from reliakit.stores.memory import MemoryStore
from reliakit.stores.sqlite import SQLiteStore
from reliakit.testing import ManualClock


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_lease_from_the_future_holds_for_nobody(kind, tmp_path):
    """Otherwise no release is decided about for as long as the clock was wrong."""
    clock = ManualClock(time=100_000.0)

    async def work():
        store = (
            MemoryStore(clock.time) if kind == "memory" else SQLiteStore(tmp_path / "s.db", now=clock.time)
        )
        assert await store.lease("controller", "dead", 5.0)
        assert not await store.lease("controller", "other", 60.0)
        clock.set_time(99_999.0)
        assert not await store.lease("controller", "other", 60.0), "a second back is nothing"
        clock.set_time(96_400.0)
        taken = await store.lease("controller", "other", 5.0)
        await store.close()
        return taken

    assert asyncio.run(work())
