"""One document laid over another: what all environments share, and what one of them has differently."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from reliakit.sources.merging import either
from reliakit.sources.protocol import Content, Source

__all__ = ["Overlay"]


class Overlay:
    """Lays the document of `over` on that of `base`, as `reliakit.definitions.layers` says; problems name the
    document and line that they come from.

    Both have to be readable. For an overlay that may be absent: `Failover(FileSource("here.yaml"), MemorySource({}))`.

    Args:
        base: what all share.
        over: what wins. It can itself be an Overlay, and so can the base.
    """

    def __init__(self, base: Source, over: Source) -> None:
        self.name = f"{over.name} over {base.name}"
        self.keep_copy = base.keep_copy or over.keep_copy
        self.path: Path | None = getattr(base, "path", None)
        self._base, self._over = base, over

    async def load(self) -> Content:
        base, over = await _both(self._base, self._over)
        return replace(over, layers=(*over.layers, replace(base, layers=()), *base.layers))

    def changes(self) -> AsyncIterator[None]:
        return either([self._base.changes(), self._over.changes()])


async def _both(base: Source, over: Source) -> tuple[Content, Content]:
    loading = [asyncio.create_task(source.load()) for source in (base, over)]
    try:
        first, second = await asyncio.gather(*loading)
    finally:
        for task in loading:
            task.cancel()
        await asyncio.wait(loading)
    return first, second
