"""The stores that need no server keep what the protocol promises."""

from pathlib import Path

import pytest

from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import Store, Write
from reliakit.stores.sqlite import SQLiteStore
from reliakit.testing import ManualClock
from reliakit.testing.store_ground import publish
from reliakit.testing.stores import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture(autouse=True)
    def memory(self) -> None:
        self.clock = ManualClock(time=1_700_000_000.0)
        self.store = MemoryStore(self.clock.time)

    def make_store(self) -> Store:
        return self.store.sibling()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def test_nothing_but_watching_ever_waits(self) -> None:
        """Otherwise a simulation of a fleet could not drive it without an event loop, in an order that it knows."""
        store = self.store
        for call in (
            publish(store, "w", 1, {"ok": 1}, {"bad": {1}}), store.totals(), store.retire("w", 0), store.absorb("a", "b"),
            store.read([""]), store.commit([Write("k", "text", 0)], ["event"]), store.last(), store.journal(),
            store.prune(1), store.lease("l", "h", 1), store.release("l", "h"), store.close(),
        ):  # fmt: skip
            with pytest.raises(StopIteration):
                call.send(None)


class TestSQLiteStore(StoreContract):
    @pytest.fixture(autouse=True)
    def file(self, tmp_path: Path) -> None:
        self.path, self.clock, self.timeout = (
            tmp_path / "state" / "store.db",
            ManualClock(time=1_700_000_000.0),
            10.0,
        )

    def make_store(self) -> Store:
        return SQLiteStore(self.path, self.clock.time, timeout=10.0)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def damage(self) -> None:
        """As by a mount that has gone."""
        self.path.parent.rename(self.path.parent.with_suffix(".away"))
        self.path.parent.write_text("no folder")

    def mend(self) -> None:
        self.path.parent.unlink()
        self.path.parent.with_suffix(".away").rename(self.path.parent)
