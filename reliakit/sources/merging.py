"""Watching several sources as if they were one."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from reliakit.sources.protocol import SourceError

__all__ = ["either"]


async def either(streams: Sequence[AsyncIterator[None]]) -> AsyncIterator[None]:
    """Yields whenever one of them does.

    Args:
        streams: what `changes` of each source has returned, so that nothing is missed that came before this runs.

    Raises:
        SourceError: one of them has ended.
        Exception: what one of them has raised.
    """
    due = asyncio.Event()
    listening = [asyncio.create_task(_listen(stream, due)) for stream in streams]
    try:
        while True:
            await due.wait()
            due.clear()
            for failed in [task for task in listening if task.done()]:
                failed.result()
            yield
    finally:
        for task in listening:
            task.cancel()
        await asyncio.wait(listening)


async def _listen(stream: AsyncIterator[None], due: asyncio.Event) -> None:
    try:
        async for _ in stream:
            due.set()
        raise SourceError("a source stopped watching, which it never does by itself")
    finally:
        due.set()
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
