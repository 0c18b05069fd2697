"""What the server's workers say of themselves."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from reliakit.cli.demo.counted import Counted
from reliakit.cli.demo.server import WORKERS

__all__ = ["Workers"]

_TRIES = 4


class Workers:
    """Asks each worker for its status.

    The kernel gives every new connection to whichever worker is quicker; so one connection is kept to each, once it
    is found, and asked again and again.

    Attributes:
        statuses: the latest status of each worker, by its process id.
    """

    def __init__(self, url: str) -> None:
        self._url = f"{url}/status"
        self._stack = AsyncExitStack()
        self._known: dict[int, ClientSession] = {}
        self.statuses: dict[int, Mapping[str, Any]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def ask(self) -> None:
        """Asks the workers that are known, and looks for those that are not; one that is gone keeps its last status."""
        for worker, session in self._known.items():
            await self._status(session, worker)
        for _ in range(_TRIES):
            if len(self._known) >= WORKERS:
                break
            await self._meet()

    def counted(self) -> Counted:
        """Returns what all workers together have exported."""
        total = Counted()
        for status in self.statuses.values():
            total.add(Counted.read(status["counted"]))
        return total

    async def _meet(self) -> None:
        session = ClientSession(connector=TCPConnector(limit=1), timeout=ClientTimeout(5))
        worker = await self._status(session)
        if worker is None or worker in self._known:
            await session.close()
        else:
            self._known[worker] = await self._stack.enter_async_context(session)

    async def _status(self, session: ClientSession, expected: int | None = None) -> int | None:
        try:
            async with session.get(self._url) as response:
                status = await response.json()
        except (ClientError, TimeoutError, ValueError):
            return None
        worker: int = status["worker"]
        if expected in (None, worker):
            self.statuses[worker] = status
        return worker
