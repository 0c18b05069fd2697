"""A real HTTP server for a document, on a thread of its own: it can be stopped, slowed, and made to talk nonsense."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from aiohttp import web

from tests.servers.serving import free_port

__all__ = ["HttpServer", "http_server"]


class HttpServer:
    """Serves `text` at /flags.json, tells of changes at /events where it is asked to, and remembers what it was asked.

    Attributes:
        answer: answers instead, if it is set.
        headers: sent with every document.
        streams: whether it names the stream of events.
        requests: the headers of all requests for the document, in their order.
        statuses: what it answered.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.text: bytes | None = b""
        self.answer: Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]] | None = None
        self.headers: dict[str, str] = {}
        self.streams = self.validates = False
        self.requests: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.listeners: set[asyncio.Queue[bytes]] = set()
        self._runner: web.AppRunner | None = None
        self._socket: socket.socket
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/flags.json"

    def start(self) -> None:
        self._do(self._start())

    def stop(self) -> None:
        """Ends it and all its connections, as a crash would."""
        self._do(self._stop())

    def put(self, text: str | bytes) -> None:
        """Changes the document, and tells whoever listens."""
        self.text = text.encode() if isinstance(text, str) else text
        if self._runner is None:
            self.start()
        self.tell(b"data: changed\n\n")

    def tell(self, event: bytes) -> None:
        self._do(self._tell(event))

    def close(self) -> None:
        self.stop()
        self._do(_end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/events", self._events)
        app.router.add_get("/{path:.*}", self._document)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, handle_signals=False, access_log=None)
        await self._runner.setup()
        self._socket = socket.create_server(("127.0.0.1", self.port))
        await web.SockSite(self._runner, self._socket).start()

    async def _stop(self) -> None:
        if self._runner is not None:
            # asyncio of Python 3.11 loses, open, what it has accepted just before its server is closed.
            self._loop.remove_reader(self._socket.fileno())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await self._runner.cleanup()
        self._runner = None

    async def _tell(self, event: bytes) -> None:
        for listener in self.listeners:
            listener.put_nowait(event)

    async def _document(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(dict(request.headers))
        answer = await (self.answer or self._plain)(request)
        self.statuses.append(answer.status)
        return answer

    async def _plain(self, request: web.Request) -> web.StreamResponse:
        assert self.text is not None
        tag = f'"{sha256(self.text).hexdigest()}"'
        headers = {**self.headers, **({"ETag": tag} if self.validates else {})}
        if self.streams:
            headers["Link"] = '</style.css>; rel=preload, </events>; rel="monitor"; type="text/event-stream"'
        if self.validates and request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.text, content_type="application/json", headers=headers)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": here\n\n")
        told: asyncio.Queue[bytes] = asyncio.Queue()
        self.listeners.add(told)
        try:
            while True:
                await response.write(await told.get())
        except ConnectionResetError:  # the listener has gone
            return response
        finally:
            self.listeners.discard(told)


async def _end() -> None:
    """Ends answers that were still to come, so that none is left when the loop is closed."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def http_server() -> Iterator[HttpServer]:
    server = HttpServer()
    try:
        server.start()
        yield server
    finally:
        server.close()
