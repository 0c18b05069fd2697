"""An upstream that is elsewhere, as an ASGI application."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from reliakit.runtime.remotes.complaints import Complaints
from reliakit.runtime.remotes.problems import Answer, problem
from reliakit.runtime.remotes.reachability import Reachability
from reliakit.runtime.remotes.retrying import Retrying
from reliakit.upstreams.errors import Unanswered
from reliakit.upstreams.protocol import Receive, Scope, Send, Transport

__all__ = ["ASGIRemote", "respond"]


class ASGIRemote:
    """Sends each request to an endpoint, to another one where the first gave no answer and it may be asked, and
    answers itself where none did.

    Args:
        transports: to its endpoints, in their order.
        reachability: of its endpoints.
        active: requests in flight to each.
        complaints: takes note of requests that got no answer.
    """

    def __init__(
        self,
        transports: Sequence[Transport],
        reachability: Reachability,
        active: list[int],
        complaints: Complaints,
    ) -> None:
        self.transports, self._complaints = transports, complaints
        self._reachability, self._active = reachability, active
        self._retrying = Retrying(reachability)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on, or answers it.

        Raises:
            Aborted: a response that had started did not end.
        """
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        endpoint = self._reachability.pick()
        try:
            await self._asked(endpoint, scope, receive, send)
        except Unanswered as failed:
            await self._again(failed, [endpoint], scope, receive, send)

    async def _asked(self, endpoint: int, scope: Scope, receive: Receive, send: Send) -> None:
        active = self._active
        active[endpoint] += 1
        try:
            await self.transports[endpoint](scope, receive, send)
        finally:
            active[endpoint] -= 1
        self._reachability.answered(endpoint)

    async def _again(
        self, failed: Unanswered, tried: list[int], scope: Scope, receive: Receive, send: Send
    ) -> None:
        retry = object()
        try:
            while True:
                following = self._retrying.next(
                    failed, scope.get("method", "GET"), tried, sum(self._active) + 1
                )
                if following is None:
                    break
                self._retrying.retries.add(retry)
                endpoint, delay = following
                await asyncio.sleep(delay)
                tried.append(endpoint)
                try:
                    await self._asked(endpoint, scope, receive, send)
                except Unanswered as anew:
                    failed = anew
                else:
                    return
        finally:
            self._retrying.retries.discard(retry)
        self._complaints.about(failed)
        await respond(problem(failed.status, failed.reason), scope, send)

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
