"""Keeps a worker in touch with the others: once a second, and at once where the store pushes.

A store that fails, hangs or lies costs no request anything: what is in force stays, counting goes on, nothing is
promoted, and the outage is logged once, counted, and shown by `status`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from reliakit.core.counters import Counters, Failed
from reliakit.errors import ReliakitError
from reliakit.runtime.fleet import Fleet
from reliakit.runtime.last_state import LastState
from reliakit.stores.protocol import Store, StoreError

__all__ = ["Sharing"]

_log = logging.getLogger("reliakit")
_PERIOD = 1.0
_WITHIN = 5.0
_SELDOM = 60
"""Beats between looks at how many workers there are."""
_FAREWELL = 1.0
"""Seconds that a process which stops gives its last report."""


class Sharing:
    """The services of a fleet's member.

    Args:
        fleet: the member.
        store: what they share.
        last: keeps what was seen on disk; None where that is of no use.
        counters: where failures are counted.
        settled: told when what is in force is what the store held a moment ago, or the store could not say.
    """

    def __init__(
        self,
        fleet: Fleet,
        store: Store,
        last: LastState | None,
        counters: Counters,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._fleet, self._store, self._last, self._counters = fleet, store, last, counters
        self._beats = 0
        self.settled = settled
        self.stopped: Callable[[str], None] = lambda rollout: None
        """Told of a rollout whose canary this worker sends nothing to any more, by its own evidence."""
        self.duties: list[Callable[[], Awaitable[None]]] = []
        """What else is done once a second; each may raise StoreError."""
        self.leaving: list[Callable[[], None]] = []
        """Told before the store is closed."""
        self.farewells: list[Callable[[], Awaitable[None]]] = []
        """What is said to the store before that; each may raise StoreError."""
        self.trouble: str | None = None
        """What is wrong with the store; None where it answers."""

    def recall(self) -> None:
        """Puts in force what was last seen, before the store is asked."""
        if self._last is not None:
            self._fleet.recall(*self._last.load())

    async def keep(self) -> None:
        """Runs until it is cancelled; then publishes a last time."""
        reading = asyncio.Lock()
        listening = asyncio.create_task(self._listen(reading))
        try:
            while True:
                async with reading:
                    await self._beat()
                self.settled()
                await asyncio.sleep(_PERIOD)
        finally:
            listening.cancel()
            for leave in self.leaving:
                leave()
            await self._say_goodbye()

    async def _beat(self) -> None:
        flushed = await self._tried(self._fleet.flush)
        self._fleet.apply()
        for rollout in self._fleet.judge_alone():
            self.stopped(rollout)
        if flushed:
            await self._tried(self._fleet.turn)
            if self._beats % _SELDOM == 0:
                await self._tried(self._fleet.count_live)
            self._beats += 1
            for duty in self.duties:
                await self._tried(duty)
            self._keep_copy()

    async def _listen(self, reading: asyncio.Lock) -> None:
        """Reads as soon as the store says that there is something; a push that gets lost is made up for by the beat."""
        while True:
            try:
                async for _ in self._store.changes():
                    async with reading:
                        await self._tried(self._fleet.refresh)
            except Exception:  # of a third party's store; ours end only by cancellation
                _log.exception("%s does not push", self._store.name)
            await asyncio.sleep(_WITHIN)

    async def _tried(self, call: Callable[[], Awaitable[object]]) -> bool:
        try:
            # Not `wait_for`: on Python 3.11 it can swallow a cancellation, and the engine would not stop.
            async with asyncio.timeout(_WITHIN):
                await call()
        except StoreError as failed:
            self._failed(str(failed))
        except TimeoutError:
            self._failed(f"{self._store.name} did not answer within {_WITHIN:g} s")
        except (ReliakitError, ValueError) as failed:
            self._failed(str(failed))
        except Exception as fault:
            _log.exception("sharing failed")
            self._failed(f"{self._store.name}: {fault!r}")
        else:
            self._works(call)
            return True
        return False

    def _failed(self, why: str) -> None:
        self._counters.add(Failed("store"))
        if self.trouble is None:
            _log.error("%s; what is in force stays, and nothing is promoted meanwhile", why)
        self.trouble = why

    def _works(self, call: Callable[[], Awaitable[object]]) -> None:
        if self.trouble is not None and call == self._fleet.flush:
            _log.info("%s answers again", self._store.name)
            self.trouble = None

    def _keep_copy(self) -> None:
        if self._last is not None:
            self._last.save(self._fleet.states, self._fleet.pins)

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL):
                for farewell in self.farewells:
                    await farewell()
                await self._fleet.leave()
                await self._store.close()
        except (TimeoutError, ReliakitError, ValueError):
            _log.info("%s did not take the last report of this worker", self._store.name)
