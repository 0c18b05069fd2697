"""Definitions that the program itself holds: for tests, and for programs that fetch them their own way."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from reliakit.sources.protocol import Content

__all__ = ["MemorySource"]


class MemorySource:
    """Holds a document given as a mapping; `set` replaces it, from any thread.

    Args:
        document: the mapping, as it would be in a file. `format` may be left out.
        name: how messages call it.
    """

    keep_copy = False

    def __init__(self, document: Mapping[str, Any], name: str = "memory") -> None:
        self.name = name
        self._text, self._version = _encode(document), 0
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def set(self, document: Mapping[str, Any]) -> None:
        """Replaces the document; everyone who watches is told."""
        self._text, self._version = _encode(document), self._version + 1
        for loop, changed in list(self._waiting):
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

    async def load(self) -> Content:
        return Content(self.name, self._text, "json")

    def changes(self) -> AsyncIterator[None]:
        # The version is taken now: the body of an asynchronous generator only starts when it is first waited for.
        return self._since(self._version)

    async def _since(self, seen: int) -> AsyncIterator[None]:
        changed = asyncio.Event()
        place = (asyncio.get_running_loop(), changed)
        self._waiting.append(place)
        try:
            while True:
                while seen == self._version:
                    await changed.wait()
                    changed.clear()
                seen = self._version
                yield
        finally:
            self._waiting.remove(place)


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps({"format": 1, **document}, indent=1, default=str).encode()
