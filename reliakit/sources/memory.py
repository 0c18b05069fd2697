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
        self._text = _encode(document)
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def set(self, document: Mapping[str, Any]) -> None:
        """Replaces the document; everyone who watches is told."""
        self._text = _encode(document)
        for loop, changed in list(self._waiting):
            loop.call_soon_threadsafe(changed.set)

    async def load(self) -> Content:
        return Content(self.name, self._text, "json")

    async def changes(self) -> AsyncIterator[None]:
        changed = asyncio.Event()
        place = (asyncio.get_running_loop(), changed)
        self._waiting.append(place)
        try:
            while True:
                await changed.wait()
                changed.clear()
                yield
        finally:
            self._waiting.remove(place)


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps({"format": 1, **document}, indent=1, default=str).encode()
