"""Requests that have begun and not ended: how many there are, and which of them nobody will answer in time.

Whoever takes a request out of `open` owns its outcome, and only one can: `dict.pop` is atomic. So what was counted
as overdue never counts again, however it ends, and the request path pays for one entry and its removal.
"""

from collections.abc import Generator
from typing import Protocol

from reliakit.clock import Clock
from reliakit.core.outcome import Outcome
from reliakit.core.scope import Scope
from reliakit.core.tally import Tallies, record

__all__ = ["Flight", "Flights"]


class Flight(Protocol):
    """A request, as its shell knows it; equal to itself alone."""

    @property
    def begun(self) -> float:
        """Monotonic seconds."""

    @property
    def visit(self) -> Scope:
        """Who is asking, and the snapshot that it is decided by."""

    @property
    def unanswered(self) -> bool:
        """Whether it waits for the start of a response. A WebSocket never does: it may be quiet for long."""


class Flights:
    """The requests of one process whose outcome belongs to a rollout.

    Args:
        tallies: where those that are overdue are recorded.
        clock: that they were begun by.
        every: seconds between two looks.

    Attributes:
        open: the rows of the tally by request.
    """

    def __init__(self, tallies: Tallies, clock: Clock, every: float = 1.0) -> None:
        self.open: dict[Flight, int] = {}
        self._tallies, self._clock, self._every = tallies, clock, every

    def __len__(self) -> int:
        return len(self.open)

    async def watch(self) -> None:
        """Looks for overdue requests for ever."""
        import asyncio

        from reliakit.runtime.pace import paced

        while True:
            await asyncio.sleep(self._every)
            await paced(self.expire(), self._clock)

    def expire(self) -> Generator[None, None, None]:
        """Records as errors what nobody has answered within the timeout of its snapshot; yields between requests."""
        for flight in self.open.copy():
            yield
            timeout = flight.visit.snapshot.timeout
            if flight.unanswered and self._clock.monotonic() - flight.begun >= timeout:
                row = self.open.pop(flight, None)
                if row is not None:
                    record(self._tallies.local.rows, row, Outcome.ERROR, timeout)
                    self._tallies.failed.append((row, flight.visit.subject, Outcome.ERROR))
