"""Requests at a steady rate, however long the answers take: of every method in turn, each with an id of its own."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httptools

__all__ = ["IDEMPOTENT", "METHODS", "Answered", "Clients"]

IDEMPOTENT = ("GET", "PUT", "DELETE")
METHODS = ("GET", "POST", "GET", "PUT", "GET", "POST", "GET", "DELETE", "GET", "POST")
_BODY = b"x" * 512
_PATIENCE = 10.0
"""Seconds that a client waits for an answer."""
_IDLE = 2.0
"""Seconds after which a connection is not used again: the gateway hangs up after five."""
_MOST = 4_000
"""Requests in flight; more would mean that the clients themselves have become the trouble."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a request.

    Attributes:
        method: of it.
        name: its id.
        begun, ended: in the seconds of the event loop.
        status: 0 for none.
        body: as far as it came.
    """

    method: str
    name: str
    begun: float
    ended: float
    status: int
    body: bytes = b""

    @property
    def good(self) -> bool:
        return self.status == 200


class _Connection(asyncio.Protocol):
    """Asks one thing at a time."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.open, self.used = True, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        self._parser, self._body = httptools.HttpResponseParser(self), b""
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.open = self._parser.should_keep_alive()
        if self.answer is not None and not self.answer.done():
            self.answer.set_result((self._parser.get_status_code(), self._body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(ConnectionError("it hung up"))


class Clients:
    """Sends requests to a port of this machine.

    Args:
        port: of the gateway.
        rate: requests for each second.

    Attributes:
        answered: what came of each.
        skipped: requests that were not sent, since too many were in flight.
        lag: seconds by which one was sent too late at most, since the machine had no time for it.
    """

    def __init__(self, port: int, rate: float) -> None:
        self._port, self._rate = port, rate
        self.answered: list[Answered] = []
        self.skipped, self.lag = 0, 0.0
        self._idle: deque[_Connection] = deque()
        self._flying: set[asyncio.Task[None]] = set()
        self._over = False

    async def run(self) -> None:
        """Sends until `stop` is called, and waits for the last answers."""
        loop = asyncio.get_running_loop()
        begun, number = loop.time(), 0
        while not self._over:
            while begun + number / self._rate <= loop.time():
                self.lag = max(self.lag, loop.time() - begun - number / self._rate)
                self._send(number)
                number += 1
            await asyncio.sleep(max(0.0, begun + number / self._rate - loop.time()))
        if self._flying:
            await asyncio.wait(self._flying)
        for each in self._idle:
            each.transport.close()

    def stop(self) -> None:
        self._over = True

    def _send(self, number: int) -> None:
        if len(self._flying) >= _MOST:
            self.skipped += 1
            return
        task = asyncio.create_task(self._ask(METHODS[number % len(METHODS)], f"r{number}"))
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _ask(self, method: str, name: str) -> None:
        loop = asyncio.get_running_loop()
        begun, status, body = loop.time(), 0, b""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                status, body = await self._answer(_request(method, name))
        self.answered.append(Answered(method, name, begun, loop.time(), status, body))

    async def _answer(self, request: bytes) -> tuple[int, bytes]:
        connection = await self._connected()
        try:
            answer = await connection.ask(request)
        except BaseException:
            connection.transport.abort()
            raise
        if connection.open:
            connection.used = asyncio.get_running_loop().time()
            self._idle.append(connection)
        return answer

    async def _connected(self) -> _Connection:
        loop = asyncio.get_running_loop()
        while self._idle:
            connection = self._idle.pop()
            if connection.open and loop.time() - connection.used < _IDLE:
                return connection
            connection.transport.close()
        _, made = await loop.create_connection(_Connection, "127.0.0.1", self._port)
        return made


def _request(method: str, name: str) -> bytes:
    body = b"" if method in ("GET", "DELETE") else _BODY
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return f"{method} /{name} HTTP/1.1\r\nHost: shop.test\r\n".encode() + length + b"\r\n" + body
