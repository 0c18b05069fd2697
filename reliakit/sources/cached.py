"""A source that is asked less often."""

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from reliakit.sources.protocol import Content, Source

__all__ = ["Cached"]


class Cached:
    """Answers from memory for some seconds after a load, unless the source has told of a change meanwhile.

    For a source that is slow or costs something, and that several kits of a process read. Failures are not kept.

    Args:
        source: which one.
        seconds: for how long a document may be out of date where nobody is told of changes.
        now: monotonic seconds, for tests.
    """

    def __init__(self, source: Source, seconds: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self.name, self.keep_copy = source.name, source.keep_copy
        self.path: Path | None = getattr(source, "path", None)
        self._source, self._seconds, self._now = source, seconds, now
        self._kept: tuple[float, Content] | None = None
        self._told = 0

    async def load(self) -> Content:
        kept, begun, told = self._kept, self._now(), self._told
        if kept is not None and begun < kept[0]:
            return kept[1]
        content = await self._source.load()
        if told == self._told:  # else it may have been read before the change
            self._kept = begun + self._seconds, content
        return content

    def changes(self) -> AsyncIterator[None]:
        return self._since(self._source.changes())

    async def _since(self, changes: AsyncIterator[None]) -> AsyncIterator[None]:
        try:
            async for _ in changes:
                self._told += 1
                self._kept = None
                yield
        finally:
            close = getattr(changes, "aclose", None)
            if close is not None:
                await close()
