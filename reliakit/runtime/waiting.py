"""Waiting for whichever comes first."""

import asyncio
from contextlib import suppress

__all__ = ["either"]


async def either(due: asyncio.Event, seconds: float | None) -> None:
    """Waits until something is due, but no longer than so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await due.wait()
