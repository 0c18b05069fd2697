"""The first of several sources that answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from reliakit.errors import UsageError
from reliakit.sources.merging import either
from reliakit.sources.protocol import Content, Source, SourceError

__all__ = ["Failover"]


class Failover:
    """Reads the first source that answers, and comes back to an earlier one when it answers again.

    A document that can be read and is wrong is an answer: it is refused, and what was good before stays, as with any
    other source. The copy of the last good definitions on disk is kept of this source too; nothing has to be added
    for a start without a network.

    Args:
        sources: in the order in which they are asked.
        within: seconds that each has to answer. Together they should have less than the 10 that a load may take.
        back: seconds between two tries of the earlier ones, while a later one is read.

    Raises:
        UsageError: there is none.
    """

    def __init__(self, *sources: Source, within: float = 3.0, back: float = 10.0) -> None:
        if not sources:
            raise UsageError("Failover needs a source, as in Failover(HttpSource(…), FileSource(…))")
        self.name = ", else ".join(source.name for source in sources)
        self.keep_copy = any(source.keep_copy for source in sources)
        self.path: Path | None = getattr(sources[0], "path", None)
        self._sources, self._within, self._back = sources, within, back
        self._first = True

    async def load(self) -> Content:
        failures = []
        for source in self._sources:
            try:
                async with asyncio.timeout(self._within):
                    content = await source.load()
            except SourceError as failed:
                failures.append(str(failed))
            except TimeoutError:
                failures.append(f"{source.name} did not answer within {self._within:g} s")
            except Exception as fault:  # a third party's source: whatever it raises, the next one is asked
                failures.append(f"{source.name} failed: {fault!r}")
            else:
                self._first = source is self._sources[0]
                return content
        raise SourceError("; ".join(failures))

    def changes(self) -> AsyncIterator[None]:
        return either([*(source.changes() for source in self._sources), self._again()])

    async def _again(self) -> AsyncIterator[None]:
        while True:
            await asyncio.sleep(self._back)
            if not self._first:  # an earlier one may have been back before it could tell so
                yield
