"""WebSockets: our handshake, so that a refusal passes with its body, and then frames as `websockets` reads and writes them.

The only file here that knows that library.
"""

import asyncio
from base64 import b64encode
from hashlib import sha1
from secrets import token_bytes
from typing import Any

from reliakit.errors import MissingExtraError
from reliakit.upstreams.errors import Aborted, BadResponse, ResponseTimeout
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.http1.connection import Connection
from reliakit.upstreams.http1.exchange import Exchange
from reliakit.upstreams.http1.pool import Pool
from reliakit.upstreams.incoming import Incoming
from reliakit.upstreams.outgoing import NO_BODY, Outgoing, outgoing
from reliakit.upstreams.protocol import Message, Receive, Scope, Send
from reliakit.upstreams.settings import Settings

__all__ = ["WebSocket"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_OWN = frozenset({b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-extensions"})
"""Each hop has these of its own; extensions are not offered, since a message passes as it is, or twice compressed."""
_ANSWERED = frozenset({b"sec-websocket-accept", b"sec-websocket-protocol", b"sec-websocket-extensions"})
_NO_CODE, _ABNORMAL, _NORMAL, _NOT_UTF8 = 1005, 1006, 1000, 1007


class WebSocket:
    """One WebSocket, from the handshake to its close.

    Raises:
        MissingExtraError: websockets is not installed.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, settings: Settings, forwarding: Forwarding
    ) -> None:
        self._library = _library()
        self._scope, self._receive, self._send, self._settings = scope, receive, send, settings
        self._key = b64encode(token_bytes(16))
        self._request = self._handshake(forwarding)
        self._protocol: Any = None
        self._pieces: list[bytes] = []
        self._text = self._left = False

    async def run(self, pool: Pool) -> None:
        """Asks the upstream, and passes messages both ways until one side closes.

        Raises:
            Unanswered: the upstream did not answer the handshake.
            Aborted: it hung up without a close frame.
        """
        exchange = Exchange(
            self._scope, self._receive, self._send, self._request, self._settings, upgrades=True
        )
        try:
            async with asyncio.timeout(self._settings.read):
                connection = await exchange.answered(pool)
        except TimeoutError:
            exchange.end(pool)
            raise ResponseTimeout(f"nothing came for {self._settings.read} s", acted=True) from None
        except BaseException:
            exchange.end(pool)
            raise
        try:
            await self._answered(connection)
        finally:
            exchange.end(pool)

    def _handshake(self, forwarding: Forwarding) -> Outgoing:
        request = outgoing(self._scope, forwarding)
        request.length = NO_BODY
        request.headers = [pair for pair in request.headers if pair[0] not in _OWN]
        request.headers += (
            (b"upgrade", b"websocket"),
            (b"connection", b"Upgrade"),
            (b"sec-websocket-version", b"13"),
            (b"sec-websocket-key", self._key),
        )
        return request

    async def _answered(self, connection: Connection) -> None:
        head = connection.head
        assert head is not None
        if head.status != 101:
            if (await self._receive())["type"] == "websocket.connect":
                await self._refused(connection, head)
            return
        accepted = self._accepted(head)
        if (await self._receive())["type"] != "websocket.connect":
            return
        await self._send(accepted)
        await self._open(connection)

    async def _refused(self, connection: Connection, head: Incoming) -> None:
        """Passes on the response of an upstream that wants no WebSocket; without its body where servers can't."""
        if "websocket.http.response" not in (self._scope.get("extensions") or ()):
            await self._send({"type": "websocket.close", "code": _NORMAL})
            return
        await self._send(
            {"type": "websocket.http.response.start", "status": head.status, "headers": head.headers}
        )
        while not connection.complete:
            if body := connection.take():
                await self._send({"type": "websocket.http.response.body", "body": body, "more_body": True})
            elif connection.failed is not None:
                raise Aborted(str(connection.failed)) from connection.failed
            else:
                await connection.arrived()
        await self._send(
            {"type": "websocket.http.response.body", "body": connection.take(), "more_body": False}
        )

    def _accepted(self, head: Incoming) -> Message:
        """Returns the message that accepts the client's handshake.

        Raises:
            BadResponse: the upstream has agreed to something else.
        """
        wanted = b64encode(sha1(self._key + _GUID, usedforsecurity=False).digest())
        said = {name: value for name, value in head.headers if name in _ANSWERED}
        chosen = said.get(b"sec-websocket-protocol")
        subprotocol = chosen.decode("latin-1") if chosen is not None else None
        if said.get(b"sec-websocket-accept") != wanted:
            raise BadResponse("it did not accept the WebSocket's key", acted=True)
        if b"sec-websocket-extensions" in said:
            raise BadResponse("it uses extensions of WebSocket that nobody offered", acted=True)
        if subprotocol is not None and subprotocol not in (self._scope.get("subprotocols") or ()):
            raise BadResponse("it chose a subprotocol that nobody offered", acted=True)
        rest = [pair for pair in head.headers if pair[0] not in _ANSWERED]
        return {"type": "websocket.accept", "subprotocol": subprotocol, "headers": rest}

    async def _open(self, connection: Connection) -> None:
        library = self._library
        self._protocol = library.Protocol(
            library.Side.CLIENT, state=library.State.OPEN, max_size=self._settings.message_bytes
        )
        sending = asyncio.create_task(self._upstream(connection))
        try:
            await self._downstream(connection)
        finally:
            sending.cancel()
            self._flush(connection)
            connection.close()

    async def _upstream(self, connection: Connection) -> None:
        """Takes messages from the client until it leaves."""
        try:
            while True:
                message = await self._receive()
                if message["type"] != "websocket.receive":
                    self._leave(connection, message)
                    return
                text = message.get("text")
                if text is not None:
                    self._protocol.send_text(text.encode())
                else:
                    self._protocol.send_binary(message.get("bytes") or b"")
                self._flush(connection)
                await connection.drain()
        except Exception as failed:
            if not self._over():
                connection.fail(failed)

    def _leave(self, connection: Connection, message: Message) -> None:
        """Tells the upstream how the client went, and does not wait for its answer."""
        self._left = True
        code = message.get("code", _NO_CODE)
        if code == _ABNORMAL:
            connection.abort()
        elif not self._over():
            self._close_upstream(code, message.get("reason") or "")
            self._flush(connection)
            connection.close()
        connection.wake()

    def _close_upstream(self, code: int, reason: str) -> None:
        if code == _NO_CODE:
            self._protocol.send_close()
            return
        try:
            self._protocol.send_close(code, reason)
        except (
            self._library.ProtocolError
        ):  # a code that nobody may send, as of a server that lost the client
            self._protocol.send_close()

    async def _downstream(self, connection: Connection) -> None:
        """Passes on what the upstream says until one side closes."""
        protocol = self._protocol
        while not self._left:
            while data := connection.take():
                protocol.receive_data(data)
                await self._passed(protocol.events_received())
                self._flush(connection)
            if self._left:
                return
            if (close := protocol.close_rcvd) is not None and protocol.parser_exc is None:
                code = _NORMAL if close.code == _NO_CODE else close.code
                await self._send({"type": "websocket.close", "code": code, "reason": close.reason})
                return
            if protocol.parser_exc is not None or self._over() or connection.failed is not None:
                raise Aborted("the upstream ended its WebSocket without a close frame")
            await connection.arrived()

    async def _passed(self, frames: list[Any]) -> None:
        """Sends the messages that are complete with these frames."""
        library = self._library
        for frame in frames:
            if frame.opcode not in (library.TEXT, library.BINARY, library.CONT):
                continue
            if frame.opcode is not library.CONT:
                self._text = frame.opcode is library.TEXT
            self._pieces.append(bytes(frame.data))
            if frame.fin:
                body = b"".join(self._pieces)
                self._pieces.clear()
                await self._message(body)

    async def _message(self, body: bytes) -> None:
        if not self._text:
            await self._send({"type": "websocket.send", "bytes": body})
            return
        try:
            text = body.decode()
        except UnicodeDecodeError:
            self._protocol.fail(_NOT_UTF8)
            return
        await self._send({"type": "websocket.send", "text": text})

    def _over(self) -> bool:
        return self._protocol.state is not self._library.State.OPEN

    def _flush(self, connection: Connection) -> None:
        for data in self._protocol.data_to_send():
            if data:
                connection.write(data)


def _library() -> Any:
    try:
        from websockets import protocol
    except ImportError as missing:
        raise MissingExtraError("WebSockets to upstreams", "gateway") from missing
    return protocol
