"""An upstream that is elsewhere, as an ASGI application."""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from reliakit.failover.retries import Ruling
from reliakit.runtime.remotes.mirrors import Mirror, body_length
from reliakit.runtime.remotes.problems import Answer, problem
from reliakit.runtime.remotes.refusals import status_of
from reliakit.runtime.remotes.relay import Relay
from reliakit.runtime.remotes.side import Asking, Side
from reliakit.runtime.remotes.waiting import Waiting
from reliakit.upstreams.errors import ConnectFailed, Unanswered, UpstreamError
from reliakit.upstreams.protocol import Message, Receive, Scope, Send, Transport

__all__ = ["ASGIRemote", "respond"]

_BODYLESS = frozenset({"GET", "HEAD"})
"""Methods that hardly ever come with a body."""
_WITH_HEADERS = frozenset({"1.1", "1.0"})
"""Versions of HTTP in which headers say whether there is one."""


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
        self._waiting = Waiting()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Task[None] | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Passes one request on, or answers it.

        Raises:
            Aborted: a response that had started did not end.
        """
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        bodyless = scope.get("method") in _BODYLESS and scope.get("http_version") in _WITH_HEADERS
        if bodyless and self._mirror is None:
            return self._plain(scope, receive, send)
        return self._relayed(scope, receive, send)

    async def _plain(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on a request that has no body, or that is not sent twice if it has one: most requests. They need no
        `Relay`, which would cost more than all the rest here.
        """
        active, endpoint = self._active, -1
        self.flying += 1
        try:
            endpoint = self.side.choose(self.flying)
            if self.side.placed:
                self.side.stand(endpoint)
            active[endpoint] += 1
            try:
                await self.transports[endpoint](scope, receive, partial(self._seen, scope, endpoint, send))
            finally:
                active[endpoint] -= 1
        except UpstreamError as failed:
            relay = Relay(self.side, scope, receive, send, endpoint) if endpoint >= 0 else None
            await self._failed(failed, scope, relay, send)
        finally:
            self.flying -= 1

    def _seen(self, scope: Scope, endpoint: int, send: Send, message: Message) -> Awaitable[None]:
        """Passes a piece of an answer on; only the first one has a status."""
        status = message.get("status")
        if status:
            if status < 500:
                next(self.side.numbers[endpoint])
            elif self.side.failed(endpoint, status):
                kept = body_length(scope["headers"]) == 0
                self.side.give_up(Asking(scope["method"], [endpoint], kept), status)
        return send(message)

    async def _relayed(self, scope: Scope, receive: Receive, send: Send) -> None:
        relay = None
        self.flying += 1
        try:
            relay = Relay(self.side, scope, receive, send, self.side.choose(self.flying))
            if self.side.placed:
                self.side.stand(relay.endpoint)
            if self._mirror is not None and scope["type"] == "http":
                self._mirror.look(scope, relay)
            await self._asked(scope, relay)
        except UpstreamError as failed:
            await self._failed(failed, scope, relay, send)
        finally:
            self.flying -= 1

    async def copy(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on a copy, once or not at all.

        Raises:
            Unanswered: there was no answer.
            Aborted: there was half of one.
        """
        relay = None
        self.flying += 1
        try:
            relay = Relay(self.side, {"method": ""}, receive, send, self.side.choose(self.flying))
            await self._asked(scope, relay)
        except UpstreamError as failed:
            self._note(failed, relay)
            raise
        finally:
            self.flying -= 1

    async def _asked(self, scope: Scope, relay: Relay) -> None:
        active, endpoint = self._active, relay.endpoint
        active[endpoint] += 1
        try:
            await self.transports[endpoint](scope, relay.receive, relay.send)
        finally:
            active[endpoint] -= 1

    def _note(self, failed: UpstreamError, relay: Relay | None) -> None:
        if relay is None:
            return
        if isinstance(failed, Unanswered):
            relay.lost = relay.lost or (failed.consumed and not relay.kept)
            self.side.unanswered(relay.endpoint, failed)
            relay.refused += isinstance(failed, ConnectFailed)
        else:
            self.side.answers.failed(relay.endpoint)

    async def _failed(self, failed: UpstreamError, scope: Scope, relay: Relay | None, send: Send) -> None:
        self._note(failed, relay)
        if not isinstance(failed, Unanswered):
            raise failed
        if relay is not None:
            answer = await self._again(failed, scope, relay)
            if answer is None:
                return
            failed = answer
        self.side.complain(failed)
        await respond(problem(status_of(failed), failed.reason), scope, send)

    async def _again(self, failed: Unanswered, scope: Scope, relay: Relay) -> Unanswered | None:
        """Asks others; returns why none of them has answered either."""
        retry = object()
        try:
            while (instead := await self._instead(failed, relay)) is not None:
                self.side.retries[retry] = instead[0]
                await asyncio.sleep(instead[1])
                relay.begin_again(instead[0])
                try:
                    await self._asked(scope, relay)
                except UpstreamError as anew:
                    self._note(anew, relay)
                    if not isinstance(anew, Unanswered):
                        raise
                    failed = anew
                    self._over(retry)  # or those that wait for room would keep it from each other
                else:
                    return None
        finally:
            self._over(retry)
        return failed

    def _over(self, retry: object) -> None:
        self.side.retries.pop(retry, None)
        self._waiting.wake()

    async def _instead(self, failed: Unanswered, relay: Relay) -> tuple[int, float] | None:
        side, now = self.side, asyncio.get_running_loop().time
        end = now() + side.terms.wait
        while (instead := side.instead(failed, relay.asking())) is Ruling.BUDGET_SPENT and now() < end:
            await self._waiting.turn(end - now())
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
