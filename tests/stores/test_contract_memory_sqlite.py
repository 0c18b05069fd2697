"""The stores that need no server keep what the protocol promises."""

import pytest

from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import Store
from reliakit.testing import ManualClock
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
