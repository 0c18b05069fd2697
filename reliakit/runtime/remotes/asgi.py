"""An upstream that is elsewhere, as an ASGI application."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from reliakit.failover.retries import Ruling
from reliakit.runtime.remotes.mirrors import Mirror
from reliakit.runtime.remotes.problems import Answer, problem
from reliakit.runtime.remotes.refusals import status_of
from reliakit.runtime.remotes.relay import Relay
from reliakit.runtime.remotes.side import Side
from reliakit.upstreams.errors import Aborted, ConnectFailed, Unanswered
from reliakit.upstreams.protocol import Receive, Scope, Send, Transport

__all__ = ["FOR_ROOM", "ASGIRemote", "respond"]

FOR_ROOM = 0.01
"""Seconds between two looks whether the budget has room for a repeat."""


class ASGIRemote:
    """Sends each request to an endpoint, to another one where the first gave no answer and it may be asked, and
    answers itself where none did.

    Args:
        transports: to its endpoints, in their order.
        side: decides.
        active: requests in flight to each endpoint.
        mirror: copies requests; None for none.

    Attributes:
        flying: requests in flight, with those that wait for another attempt.
    """

    side: Side

    def __init__(self, transports: Sequence[Transport], active: list[int], mirror: Mirror | None) -> None:
        self.transports, self._active, self._mirror = transports, active, mirror
        self.flying = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on, or answers it.

        Raises:
            Aborted: a response that had started did not end.
        """
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        relay = Relay(self.side, scope.get("method", "GET"), receive, send)
        if self._mirror is not None and scope["type"] == "http":
            self._mirror.look(scope, relay)
        self.flying += 1
        try:
            relay.endpoint = self.side.choose(self.flying - 1)
            await self._asked(scope, relay)
        except Unanswered as failed:
            await self._again(failed, scope, relay, send)
        finally:
            self.flying -= 1

    async def copy(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on a copy, once or not at all.

        Raises:
            Unanswered: there was no answer.
            Aborted: there was half of one.
        """
        relay = Relay(self.side, "", receive, send)
        self.flying += 1
        try:
            relay.endpoint = self.side.choose(self.flying - 1)
            await self._asked(scope, relay)
        finally:
            self.flying -= 1

    async def _asked(self, scope: Scope, relay: Relay) -> None:
        active, endpoint = self._active, relay.endpoint
        active[endpoint] += 1
        try:
            await self.transports[endpoint](scope, relay.receive, relay.send)
        except Unanswered as failed:
            self.side.unanswered(endpoint, failed)
            relay.refused += isinstance(failed, ConnectFailed)
            raise
        except Aborted:
            self.side.answers.failed(endpoint)
            raise
        finally:
            active[endpoint] -= 1

    async def _again(self, failed: Unanswered, scope: Scope, relay: Relay, send: Send) -> None:
        retry = object()
        try:
            while (instead := await self._instead(failed, relay)) is not None:
                self.side.retries.add(retry)
                await asyncio.sleep(instead[1])
                relay.begin_again(instead[0])
                try:
                    await self._asked(scope, relay)
                except Unanswered as anew:
                    failed = anew
                else:
                    return
        finally:
            self.side.retries.discard(retry)
        self.side.complain(failed)
        await respond(problem(status_of(failed), failed.reason), scope, send)

    async def _instead(self, failed: Unanswered, relay: Relay) -> tuple[int, float] | None:
        side, left = self.side, self.side.terms.wait
        while (instead := side.instead(failed, relay.asking())) is Ruling.BUDGET_SPENT and left > 0:
            left -= FOR_ROOM
            await asyncio.sleep(FOR_ROOM)
        side.ruled(instead)
        return None if isinstance(instead, Ruling) else instead

    def close(self) -> None:
        """Lets idle connections go, and others when their requests end; called on any thread."""
        loop, self._loop = self._loop, None
        if loop is None or loop.is_closed():
            return
        with suppress(RuntimeError):  # it has just been closed
            loop.call_soon_threadsafe(self._close_here)

    def _close_here(self) -> None:
        self._closing = asyncio.get_running_loop().create_task(self._closed())

    async def _closed(self) -> None:
        for transport in self.transports:
            await transport.close()


async def respond(answer: Answer, scope: Scope, send: Send) -> None:
    """Sends an answer of ours; to a WebSocket too, as far as its server can."""
    status, headers, body = answer
    kind = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in (scope.get("extensions") or ()):
            await send({"type": "websocket.close", "code": 1013})
            return
        kind = "websocket.http.response"
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": b"" if scope.get("method") == "HEAD" else body})
