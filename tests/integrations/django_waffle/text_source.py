"""A document that a test holds as text, as it would be in a file."""

import asyncio
from collections.abc import AsyncIterator

from reliakit import Content

__all__ = ["TextSource"]


class TextSource:
    """Never changes."""

    name, keep_copy = "text", False

    def __init__(self, text: str) -> None:
        self._text = text

    async def load(self) -> Content:
        return Content(self.name, self._text.encode(), "yaml")

    async def changes(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield
