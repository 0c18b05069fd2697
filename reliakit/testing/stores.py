"""What every store has to do, as tests that a store of your own inherits.

```python
class TestMyStore(StoreContract):
    @pytest.fixture(autouse=True)
    def storage(self, tmp_path: Path) -> None:
        self.path, self.clock = tmp_path / "state", ManualClock(time=1_700_000_000.0)

    def make_store(self) -> Store:
        return MyStore(self.path, now=self.clock.time)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
```
"""

from reliakit.testing.store_counting import CountingContract
from reliakit.testing.store_documents import DocumentContract
from reliakit.testing.store_life import LifeContract
from reliakit.testing.store_model import ModelContract
from reliakit.testing.store_retiring import RetiringContract

__all__ = ["StoreContract"]


class StoreContract(CountingContract, RetiringContract, DocumentContract, LifeContract, ModelContract):
    """Inherit it in a class whose name starts with `Test`, and say how to make a store onto the storage of a test.

    Fixtures work as in any test class. Every test runs event loops of its own, so no plugin is needed. A test makes
    several stores onto the same storage, as several workers would.

    `advance` moves the store's clock; leave it out where that can't be done, then short times are waited for and the
    tests of long ones are skipped. `damage` and `mend` take the storage away for a while.

    Attributes:
        within: seconds that a test may take at most, and in which an announced commit has to be pushed.
        quiet: seconds for which a store is watched while nothing changes.
        pushes: False for a store whose `changes` wait for ever.
    """
