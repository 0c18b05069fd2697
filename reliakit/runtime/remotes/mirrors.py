"""Copies of requests to another upstream: nobody waits for them, and nobody reads what they are answered."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from random import random
from typing import TYPE_CHECKING

from reliakit.core.counters import Counters, Met
from reliakit.failover.mirroring import MirrorRules, mirrored
from reliakit.upstreams.errors import UpstreamError
from reliakit.upstreams.protocol import Headers, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from reliakit.runtime.remotes.relay import Relay

__all__ = ["LONGEST", "MARK", "Mirror", "body_length"]

MARK = b"x-reliakit-mirror"
"""The header that tells a copy from a request; its value is the upstream that the request was for."""
LONGEST = 30.0
"""Seconds that a copy may be under way."""
_MOST_READ = 64 * 1024

Copy = Callable[[Scope, Receive, Send], Awaitable[None]]


class Mirror:
    """Copies requests of ASGI.

    Args:
        name: of the upstream whose requests are copied.
        rules: which of them.
        target: sends a copy; returns None where there is nobody to send it to.
        counters: of the process.
    """

    def __init__(
        self, name: str, rules: MirrorRules, target: Callable[[], Copy | None], counters: Counters
    ) -> None:
        self._name, self._rules, self._target, self._counters = name, rules, target, counters
        self._under_way: set[asyncio.Task[None]] = set()

    def look(self, scope: Scope, relay: "Relay") -> None:
        """Has a request copied, if it is to be: at once, or as soon as its body is there."""
        drawn = random()  # noqa: S311 - a lot, and no secret
        if drawn * 100 >= self._rules.percentage:
            return
        length = body_length(scope["headers"])
        if not mirrored(self._rules, length, len(self._under_way), drawn):
            self._count("dropped")
        elif length:
            relay.copied = lambda body: self._begin(scope, body)
        else:
            self._begin(scope, [])

    def _begin(self, scope: Scope, body: list[Message]) -> None:
        target = self._target()
        if target is None or len(self._under_way) >= self._rules.most:
            self._count("dropped")
            return
        headers = [*scope["headers"], (MARK, self._name.encode("latin-1"))]
        copy = {**scope, "headers": headers, "extensions": {}}
        # In a context of its own: the copy is no part of the request, and must not count as one.
        task = asyncio.get_running_loop().create_task(self._sent(target, copy, body), context=Context())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _sent(self, target: Copy, scope: Scope, body: list[Message]) -> None:
        pieces = body[::-1]
        read = 0

        async def receive() -> Message:
            return pieces.pop() if pieces else await asyncio.get_running_loop().create_future()

        async def send(message: Message) -> None:
            nonlocal read
            read += len(message.get("body", b""))
            if read > _MOST_READ:
                raise _Enough

        try:
            async with asyncio.timeout(LONGEST):
                await target(scope, receive, send)
        except (UpstreamError, TimeoutError, OSError):
            self._count("failed")
        except _Enough:
            self._count("sent")
        else:
            self._count("sent")

    def _count(self, which: str) -> None:
        self._counters.add(Met(self._name, "mirror", which))


class _Enough(Exception):
    """Of an answer that nobody reads, no more is wanted."""


def body_length(headers: Headers) -> int | None:
    """Returns the bytes of a request's body; None where nobody knows before it has been read."""
    length: int | None = 0
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            length = int(value[:18])
        elif name == b"transfer-encoding":
            return None
    return length
