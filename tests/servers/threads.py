"""Clients as threads that ask until a block ends."""

import threading
from typing import Self

__all__ = ["Threads"]


class Threads:
    """Runs `_ask` in so many threads from the beginning of a `with` block to its end; `_stop` is set then."""

    def __init__(self, threads: int) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,), daemon=True) for n in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive(), "a client is still waiting"

    def _ask(self, number: int) -> None:
        raise NotImplementedError
