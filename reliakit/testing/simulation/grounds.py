"""Where the simulated workers' shared state really is: a store in memory, or one of a kind that users have."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import Store

__all__ = ["Ground", "InMemory", "OnLoop"]

T = TypeVar("T")
Now = Callable[[], float]


class Ground(Protocol):
    """A store, and how to have it do something within one step of the simulation."""

    store: Store

    def do(self, call: Coroutine[Any, Any, T]) -> T:
        """Carries out a call of the store, and returns its answer."""

    def lose(self) -> None:
        """Loses everything, as `FLUSHALL` does."""

    def close(self) -> None:
        """Gives back what it holds."""


class InMemory:
    """The store that lives as long as the process; none of its calls waits for anything.

    Args:
        now: the store's clock.
        make: makes the store; another one where a test wants to see its mistakes found.
    """

    def __init__(self, now: Now, make: Callable[[Now], Store] = MemoryStore) -> None:
        self._now, self._make = now, make
        self.store = make(now)

    def do(self, call: Coroutine[Any, Any, T]) -> T:
        try:
            call.send(None)
        except StopIteration as stop:
            answer: T = stop.value
            return answer
        call.close()
        raise AssertionError("a store in memory waits for nothing")

    def lose(self) -> None:
        self.store = self._make(self._now)

    def close(self) -> None:
        pass


class OnLoop:
    """A store that needs an event loop: it runs in a thread of its own, and the simulation waits for each call.

    Args:
        make: makes a store onto an empty place of its own, another one each time.
    """

    def __init__(self, make: Callable[[], Store]) -> None:
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated store", daemon=True)
        self._thread.start()
        self.store = make()

    def do(self, call: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result()

    def lose(self) -> None:
        self.do(self.store.close())
        self.store = self._make()

    def close(self) -> None:
        self.do(self.store.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
