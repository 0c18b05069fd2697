"""One request and its response, over one connection, or a second one where the first turns out to be dead."""

import asyncio
from contextvars import Context, copy_context
from typing import Any

from reliakit.upstreams.errors import (
    IDEMPOTENT,
    Aborted,
    BadResponse,
    ConnectionLost,
    ResponseTimeout,
    Unanswered,
)
from reliakit.upstreams.http1.connection import Connection
from reliakit.upstreams.http1.pool import Pool
from reliakit.upstreams.http1.upload import Gone, Upload
from reliakit.upstreams.incoming import CHUNKED as CHUNKED_RESPONSE
from reliakit.upstreams.outgoing import CHUNKED, NO_BODY, Outgoing
from reliakit.upstreams.protocol import Receive, Scope, Send
from reliakit.upstreams.settings import Settings

__all__ = ["Exchange"]

_ATTEMPTS = 3


class Exchange:
    """What is under way.

    Args:
        scope: of ASGI.
        receive, send: of ASGI.
        request: what goes to the upstream.
        settings: how long to wait.
        upgrades: whether the request asks for another protocol.
    """

    __slots__ = (
        "_context", "_looks", "_receive", "_request", "_scope", "_send", "_sending", "_settings", "_watching",
        "connection", "started", "upgrades", "upload",
    )  # fmt: skip

    connection: Connection

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: Outgoing,
        settings: Settings,
        *,
        upgrades: bool = False,
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._request, self._settings, self.upgrades = request, settings, upgrades
        self._context: Context = copy_context()
        self._sending: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._looks = 0
        self.upload: Upload | None = None
        self.started = False

    async def run(self, pool: Pool) -> None:
        """Sends the request, and passes the response on.

        Raises:
            Unanswered: there was no response.
            Aborted: there was half of one.
            Gone: the client has left.
        """
        connection = await self.answered(pool)
        await self._start(connection)
        await self._relay(connection)

    async def answered(self, pool: Pool) -> Connection:
        """Sends the request, and returns the connection on which the head of a response has arrived."""
        request = self._request
        careful = request.length != NO_BODY or request.method not in IDEMPOTENT
        connection = pool.rested(careful=careful) or await pool.fresh()
        for attempt in range(1, _ATTEMPTS + 1):
            self.connection = connection
            self._begin(connection)
            while connection.head is None and connection.failed is None:
                await connection.arrived()
                if connection.hints:
                    await self._hint(connection)
            if connection.failed is None:
                return connection
            if attempt == _ATTEMPTS or not self._stale(connection):
                raise self._unanswered(connection.failed)
            pool.release(connection)
            del self.connection
            connection = await pool.fresh()
        raise AssertionError("the last attempt returns or raises")

    def _begin(self, connection: Connection) -> None:
        request = self._request
        connection.begin(_head(request), is_head=request.method == "HEAD", upgrades=self.upgrades)
        if request.length == NO_BODY:
            connection.flush()
        elif self.upload is not None and self.upload.whole is not None:
            self.upload.repeat(connection, self.upload.whole)
        else:
            self._upload(connection)

    def _upload(self, connection: Connection) -> None:
        """Begins to send the body, of which nothing has been taken yet."""
        if self._sending is not None:
            self._sending.cancel()
        patience = self._settings.continue_after if self._request.expects else None
        self.upload = upload = Upload(connection, self._receive, self._request.length, patience)
        loop = asyncio.get_running_loop()
        self._sending = loop.create_task(upload.run())
        # After the first step of that task, so that a body that is there already goes out with the head.
        loop.call_soon(connection.flush)

    def _stale(self, connection: Connection) -> bool:
        """Whether the connection was dead before the request came, as far as can be told, and sending twice is safe."""
        upload = self.upload
        return (
            isinstance(connection.failed, ConnectionLost)
            and connection.uses > 1
            and connection.silent
            and (connection.unsent or self._request.method in IDEMPOTENT)
            and (upload is None or not upload.consumed or (upload.complete and upload.whole is not None))
        )

    def _unanswered(self, failed: Exception) -> Exception:
        if isinstance(failed, Unanswered):
            failed.acted = not self.connection.unsent
            failed.consumed = self.upload is not None and self.upload.consumed
        return failed

    async def _hint(self, connection: Connection) -> None:
        links = [value for name, value in connection.hints if name == b"link"]
        connection.hints = []
        if links and "http.response.early_hint" in (self._scope.get("extensions") or ()):
            await self._send({"type": "http.response.early_hint", "links": links})

    async def _start(self, connection: Connection) -> None:
        head = connection.head
        assert head is not None
        if head.status == 101:
            raise BadResponse("it changed to a protocol that nobody asked for", acted=True)
        message: dict[str, Any] = {
            "type": "http.response.start",
            "status": head.status,
            "headers": head.headers,
        }
        if self._trails(connection):
            message["trailers"] = True
        self.started = True
        await self._send(message)

    def _trails(self, connection: Connection) -> bool:
        head = connection.head
        return self._request.trailers and head is not None and head.length == CHUNKED_RESPONSE

    async def _relay(self, connection: Connection) -> None:
        send = self._send
        while not connection.complete:
            body = connection.take()
            if body:
                await send({"type": "http.response.body", "body": body, "more_body": True})
            elif connection.failed is not None:
                raise self.broken(connection.failed)
            else:
                await connection.arrived()
        await send({"type": "http.response.body", "body": connection.take(), "more_body": False})
        if self._trails(connection):
            await send(
                {"type": "http.response.trailers", "headers": connection.trailers, "more_trailers": False}
            )

    def late(self, total: float) -> Exception:
        """Returns what to raise when all of it took too long."""
        why = f"it took more than {total:g} s"
        consumed = self.upload is not None and self.upload.consumed
        return Aborted(why) if self.started else ResponseTimeout(why, acted=True, consumed=consumed)

    def broken(self, failed: Exception) -> Exception:
        """Returns what to raise when a response that has started won't end."""
        if not isinstance(failed, Unanswered):
            return failed
        aborted = Aborted(str(failed))
        aborted.__cause__ = failed
        return aborted

    def look(self, now: float) -> None:
        """Is called now and then: gives up an upstream that is silent, and begins to watch the client."""
        connection, upload = getattr(self, "connection", None), self.upload
        if connection is None:
            return
        uploading = upload is not None and upload.waiting
        read = self._settings.read
        if read is not None and connection.awaited and not uploading and now - connection.touched > read:
            connection.fail(ResponseTimeout(f"nothing came for {read:g} s"))
        self._looks += 1
        if self._looks > 1 and self._watching is None and (self._sending is None or self._sending.done()):
            loop = asyncio.get_running_loop()
            self._watching = loop.create_task(self._watch(connection), context=self._context)

    async def _watch(self, connection: Connection) -> None:
        """Ends the exchange when the client leaves."""
        try:
            while (await self._receive())["type"] == "http.request":
                pass
        except Exception as failed:
            connection.fail(failed)
        else:
            connection.fail(Gone())

    def end(self, pool: Pool) -> None:
        """Lets go of everything."""
        for task in (self._sending, self._watching):
            if task is not None:
                task.cancel()
        connection = getattr(self, "connection", None)
        if connection is None:
            return
        if self.upload is not None and not self.upload.complete:
            connection.abort()
        pool.release(connection)


def _head(request: Outgoing) -> bytes:
    """Returns the bytes of a request up to its body."""
    line = b"%b %b HTTP/1.1" % (request.method.encode("latin-1"), request.target)
    end = b"transfer-encoding: chunked\r\n\r\n" if request.length == CHUNKED else b"\r\n"
    return b"\r\n".join([line, *[b": ".join(pair) for pair in request.headers], end])
