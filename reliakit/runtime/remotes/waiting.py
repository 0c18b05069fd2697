"""Requests that wait for room in the budget of repeats, on an event loop."""

import asyncio
from collections import deque

__all__ = ["Waiting"]

_LOOK = 0.1
"""Seconds until one looks for itself: the budget also grows with the requests in flight, of which nobody tells."""


class Waiting:
    """Each repeat that is over wakes one of them. That all of them look every few milliseconds was tried: where a region
    hangs, some hundreds take the processor from all other requests.
    """

    def __init__(self) -> None:
        self._turns: deque[asyncio.Future[None]] = deque()

    async def turn(self, most: float) -> None:
        """Waits until a repeat is over, for so many seconds at most."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._turns.append(turn)
        timer = loop.call_later(min(most, _LOOK), _come, turn)
        try:
            await turn
        finally:
            timer.cancel()

    def wake(self) -> None:
        """Has the next one look."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return


def _come(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_result(None)
