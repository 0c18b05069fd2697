"""A source whose place can go away, for tests of those who go on without it."""

from reliakit.sources.memory import MemorySource
from reliakit.sources.protocol import Content, SourceError

__all__ = ["FlakySource"]


class FlakySource(MemorySource):
    """Held in memory; while it is `away`, it can't be read, and `tried` counts how often somebody wanted to."""

    away = False
    tried = 0

    async def load(self) -> Content:
        if self.away:
            self.tried += 1
            raise SourceError("the place is away")
        return await super().load()
