"""Which connection a call may use: one for each process and event loop, since neither may touch another's."""

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reliakit.drivers.postgres_link import Link

__all__ = ["Links"]


class Links:
    """Makes the link of the running loop when it is first asked for.

    Args:
        make: makes one.
    """

    def __init__(self, make: "Callable[[], Link]") -> None:
        self._make = make
        self._process = os.getpid()
        self._links: dict[asyncio.AbstractEventLoop, Link] = {}

    def here(self) -> "Link":
        loop = asyncio.get_running_loop()
        self._forget()
        if loop not in self._links:
            self._links[loop] = self._make()
        return self._links[loop]

    async def close(self) -> None:
        self._forget()
        link = self._links.pop(asyncio.get_running_loop(), None)
        if link is not None:
            await link.close()

    def _forget(self) -> None:
        """Lets go of what belongs to another process, or to a loop that has ended."""
        if self._process != os.getpid():  # not closed: that would say goodbye in the parent's name
            self._links, self._process = {}, os.getpid()
        for loop in [loop for loop in list(self._links) if loop.is_closed()]:
            self._links.pop(loop).discard()
