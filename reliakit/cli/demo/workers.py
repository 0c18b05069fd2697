"""What the server's workers say of themselves."""

from collections.abc import Mapping
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
        statuses: the latest status of each worker, by its process id; also of those that are gone.
    """

    def __init__(self, url: str) -> None:
        self._url = f"{url}/status"
        self._known: dict[int, ClientSession] = {}
        self.statuses: dict[int, Mapping[str, Any]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._known.values():
            await session.close()

    @property
    def known(self) -> frozenset[int]:
        """The workers that answered when they were asked last."""
        return frozenset(self._known)

    async def ask(self) -> None:
        """Asks the workers that are known, and looks for those that are not."""
        for worker, session in list(self._known.items()):
            if await self._status(session, worker) != worker:  # it is gone, or the connection is
                del self._known[worker]
                await session.close()
        for _ in range(_TRIES):
            if len(self._known) >= WORKERS:
                break
            await self._meet()

    def counted(self) -> dict[int, Counted]:
        """Returns what each worker that is there has exported."""
        return {worker: Counted.read(self.statuses[worker]["counted"]) for worker in self._known}

    async def _meet(self) -> None:
        session = ClientSession(connector=TCPConnector(limit=1), timeout=ClientTimeout(2))
        worker = await self._status(session)
        if worker is None or worker in self._known:
            await session.close()
        else:
            self._known[worker] = session

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
