"""Watching a document on a server: told where the server tells, and looked at now and then in any case."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from hashlib import sha256

from reliakit.drivers.delays import delays
from reliakit.sources.protocol import Content, SourceError

__all__ = ["LARGEST", "digest", "watched"]

_log = logging.getLogger("reliakit")

LARGEST = 2 * 1024 * 1024
"""Bytes of a document; a larger one would be refused when it is read."""


def digest(content: Content) -> bytes:
    """Returns what differs whenever a document does."""
    about = f"{content.format} {content.name}\0".encode()
    return sha256(about + content.text, usedforsecurity=False).digest()


async def watched(
    seen: bytes | None,
    fetch: Callable[[], Awaitable[Content]],
    pushes: Callable[[], AsyncGenerator[None, None]],
    pause: Callable[[], float],
) -> AsyncIterator[None]:
    """Yields when the document differs from what was seen, and once when it can't be read any more: then whoever
    loads it learns why, and that what is in force may be out of date.

    Args:
        seen: the digest of what was loaded; None where nothing was.
        fetch: reads the document.
        pushes: yields when it has begun to listen, and whenever the document may have changed. It is begun again
            after a SourceError.
        pause: gives the seconds until the next look; pushes get lost.
    """
    due = asyncio.Event()
    listening = asyncio.create_task(_listen(pushes, due))
    try:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause()):
                    await due.wait()
            due.clear()
            if listening.done():
                listening.result()  # a fault, which whoever watches reports, and watches anew
            found = await _look(fetch)
            if found != seen:
                seen = found
                yield
    finally:
        listening.cancel()
        await asyncio.wait([listening])


async def _look(fetch: Callable[[], Awaitable[Content]]) -> bytes | None:
    try:
        return digest(await fetch())
    except SourceError:
        return None


async def _listen(pushes: Callable[[], AsyncGenerator[None, None]], due: asyncio.Event) -> None:
    try:
        await _listen_on(pushes, due)
    finally:
        due.set()


async def _listen_on(pushes: Callable[[], AsyncGenerator[None, None]], due: asyncio.Event) -> None:
    waits, said = delays(0.1, 10.0), ""
    while True:
        try:
            async with aclosing(pushes()) as told:
                async for _ in told:
                    waits, said = delays(0.1, 10.0), ""
                    due.set()
        except SourceError as failed:
            due.set()  # what has ended the pushes may have taken the document along
            if str(failed) != said:
                said = str(failed)
                _log.warning("changes of definitions are polled until they are pushed again: %s", said)
        await asyncio.sleep(next(waits))
