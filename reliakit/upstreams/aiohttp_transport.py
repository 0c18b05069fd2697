"""The transport over aiohttp's client: the only file here that knows it.

What it can't do, and the one of ours can: pass header values that are no UTF-8 (it refuses them), interim responses and
trailers, and the target `*`; give up waiting for `100 Continue`; refuse a response that only lenient parsers understand.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from reliakit.errors import MissingExtraError
from reliakit.upstreams.address import Address
from reliakit.upstreams.errors import (
    Aborted,
    BadRequest,
    BadResponse,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    PoolFull,
    ResponseTimeout,
    Unanswered,
)
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.http1.transport import HTTP1Transport
from reliakit.upstreams.incoming import incoming
from reliakit.upstreams.outgoing import CHUNKED, NO_BODY, UNSAID, Outgoing, outgoing
from reliakit.upstreams.protocol import Receive, Scope, Send
from reliakit.upstreams.settings import Settings
from reliakit.upstreams.settling import settle
from reliakit.upstreams.tls import context_of

__all__ = ["AiohttpTransport"]

_PIECE = 1 << 16
_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class AiohttpTransport:
    """Reaches one endpoint through aiohttp; WebSockets go over the transport of ours.

    Args:
        address: of the endpoint.
        settings: times and limits.
        forwarding: what it is told of the client.

    Raises:
        MissingExtraError: aiohttp is not installed.
        OSError: a certificate can't be read.
    """

    def __init__(self, address: Address, settings: Settings, forwarding: Forwarding) -> None:
        self._aiohttp = _aiohttp()
        self._address, self._settings, self._forwarding = address, settings, forwarding
        self._tls = context_of(address.tls) if address.tls else None
        self._sockets = HTTP1Transport(address, settings, forwarding)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: Any = None
        self._free = asyncio.Semaphore(settings.connections)
        host = f"[{address.host}]" if ":" in address.host else address.host
        scheme = "https" if address.tls else "http"
        self._base = f"{scheme}://localhost" if address.socket else f"{scheme}://{host}:{address.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on; see `Transport`."""
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
        request = outgoing(scope, self._forwarding)
        if request.length == UNSAID:
            settled = await settle(request, receive)
            if settled is None:
                return
            receive = settled
        session = self._session_here()
        body = _Body(receive, request.length)
        work = asyncio.ensure_future(self._passed(session, request, body, send))
        watch = asyncio.ensure_future(body.left())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                return  # there is nobody to answer
            await work
        except Unanswered as failed:
            failed.consumed = failed.consumed or body.consumed
            raise
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def close(self) -> None:
        """Closes all connections."""
        session, self._session = self._session, None
        await self._sockets.close()
        if session is not None:
            await session.close()

    async def _passed(self, session: Any, request: Outgoing, body: "_Body", send: Send) -> None:
        try:
            async with asyncio.timeout(self._settings.wait):
                await self._free.acquire()
        except TimeoutError:
            raise PoolFull(f"all {self._settings.connections} connections stayed busy") from None
        try:
            await self._exchanged(session, request, body, send)
        finally:
            self._free.release()

    async def _exchanged(self, session: Any, request: Outgoing, body: "_Body", send: Send) -> None:
        response = await self._response(session, request, body)
        try:
            received = [(name.lower(), value) for name, value in response.raw_headers]
            head = incoming(response.status, received, head=request.method == "HEAD", version=lambda: "1.1")
            if head.status == 101:
                raise BadResponse("it changed to a protocol that nobody asked for")
            await send({"type": "http.response.start", "status": head.status, "headers": head.headers})
            await self._relayed(response, send)
        except BaseException as failed:
            response.close()
            if isinstance(failed, Unanswered):
                failed.acted = True
            raise
        if body.complete:
            response.release()
        else:
            response.close()

    async def _response(self, session: Any, request: Outgoing, body: "_Body") -> Any:
        made, name = self._aiohttp, self._address.name
        try:
            return await session.request(
                request.method,
                self._url(request.target),
                headers=_headers(request),
                data=None if request.length == NO_BODY else body.pieces(),
                chunked=True if request.length == CHUNKED else None,
                allow_redirects=False,
                server_hostname=self._address.tls.server_name if self._address.tls else None,
            )
        except made.ConnectionTimeoutError:
            raise ConnectTimeout(f"{name}: no connection within {self._settings.connect:g} s") from None
        except made.ClientConnectorError as failed:
            raise ConnectFailed(f"{name}: {failed}") from failed
        except TimeoutError:
            raise ResponseTimeout(f"{name}: nothing came in time", acted=True) from None
        except made.ServerDisconnectedError as failed:
            raise ConnectionLost(f"{name}: it hung up", acted=True) from failed
        except made.ClientResponseError as failed:
            raise BadResponse(f"{name}: it does not speak HTTP/1.1: {failed.message}", acted=True) from failed
        except (made.ClientError, OSError) as failed:
            raise body.refused or ConnectionLost(f"{name}: {failed}", acted=True) from failed

    async def _relayed(self, response: Any, send: Send) -> None:
        while True:
            try:
                piece = await response.content.readany()
            except TimeoutError as failed:
                raise Aborted("nothing came in time") from failed
            except (self._aiohttp.ClientError, OSError) as failed:
                raise Aborted(str(failed)) from failed
            await send({"type": "http.response.body", "body": piece, "more_body": bool(piece)})
            if not piece:
                return

    def _session_here(self) -> Any:
        loop = asyncio.get_running_loop()
        if self._session is None or loop is not self._loop:
            self._loop, self._session = loop, self._opened()
            self._free = asyncio.Semaphore(self._settings.connections)
        return self._session

    def _opened(self) -> Any:
        made, settings = self._aiohttp, self._settings
        shared = {"limit": 0, "keepalive_timeout": settings.keep_alive}
        if self._address.socket is not None:
            connector = made.UnixConnector(self._address.socket, **shared)
        else:
            connector = made.TCPConnector(ssl=self._tls or True, **shared)
        times = made.ClientTimeout(
            total=settings.total,
            sock_connect=settings.connect,
            sock_read=settings.read,
            connect=settings.connect,
        )
        return made.ClientSession(
            connector=connector,
            timeout=times,
            cookie_jar=made.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_ADDED,
            read_bufsize=_PIECE,
            max_line_size=settings.head_bytes,
            max_field_size=settings.head_bytes,
        )

    def _url(self, target: bytes) -> Any:
        from yarl import URL

        if target == b"*" or not target.isascii():
            raise BadRequest("aiohttp can't pass this target on; the transport `http1` can")
        return URL(self._base + target.decode("ascii"), encoded=True)


def _headers(request: Outgoing) -> Any:
    from multidict import CIMultiDict

    try:
        return CIMultiDict([(name.decode("ascii"), value.decode()) for name, value in request.headers])
    except UnicodeDecodeError:
        raise BadRequest(
            "aiohttp can't pass on headers that are no UTF-8; the transport `http1` can"
        ) from None


class _Body:
    """A request's body as the client sends it, and whether the client is still there."""

    def __init__(self, receive: Receive, length: int) -> None:
        self._receive, self._left, self._length = receive, length, length
        self._ended = asyncio.Event()
        self.consumed = False
        self.complete = length == NO_BODY
        self.refused: BadRequest | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yields the body."""
        try:
            while not self.complete:
                self.consumed = True
                message = await self._receive()
                if message["type"] != "http.request":
                    self._ended.set()
                    raise ConnectionError("the client has left")
                self._count(len(message.get("body", b"")), last=not message.get("more_body", False))
                if message.get("body"):
                    yield message["body"]
        finally:
            self._ended.set()

    def _count(self, length: int, *, last: bool) -> None:
        self._left -= length
        if self._length != CHUNKED and (self._left < 0 or (last and self._left)):
            self.refused = BadRequest(
                "the body is not as long as its content-length", acted=True, consumed=True
            )
            raise self.refused
        self.complete = last

    async def left(self) -> None:
        """Returns when the client has left."""
        if not self.complete:
            await self._ended.wait()
        while (await self._receive())["type"] == "http.request":
            pass


def _aiohttp() -> Any:
    try:
        import aiohttp
    except ImportError as missing:
        raise MissingExtraError("requests to upstreams through aiohttp", "gateway") from missing
    return aiohttp
