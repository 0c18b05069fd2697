"""An upstream for large bodies and WebSockets: `python -m benchmarks.hops.upstream`. Prints its port, ends with its input.

GET /N is answered with N bytes; a POST, when all of it has come, with how many bytes that were. A WebSocket hears again
what it says.
"""

import asyncio
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from subprocess import PIPE, Popen
from typing import Any

import httptools
import uvloop

__all__ = ["heavy_upstream"]

_PIECE = b"x" * (256 * 1024)
_ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CLOSE = b"\x88\x02\x03\xe8"


class _Upstream(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._parser = httptools.HttpRequestParser(self)
        self._key: bytes | None = None
        self._left = 0
        self._frames: bytearray | None = None
        self._writable = True

    def data_received(self, data: bytes) -> None:
        if self._frames is not None:
            self._frames += data
            self._echo(self._frames)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._accept()

    # What the parser calls.

    def on_url(self, url: bytes) -> None:
        self._url, self._size, self._key = url, 0, None

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"sec-websocket-key":
            self._key = value

    def on_body(self, body: bytes) -> None:
        self._size += len(body)

    def on_message_complete(self) -> None:
        if self._key is not None:
            return
        if self._parser.get_method() == b"GET":
            self._left = int(self._url.strip(b"/") or b"0")
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self._left)
            self._more()
        else:
            said = b"%d" % self._size
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))

    # A large answer.

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._more()

    def _more(self) -> None:
        while self._left and self._writable:
            piece = _PIECE[: min(self._left, len(_PIECE))]
            self._left -= len(piece)
            self._transport.write(piece)

    # A WebSocket; frames of less than 126 bytes are all that its clients send.

    def _accept(self) -> None:
        assert self._key is not None
        accept = b64encode(sha1(self._key + _GUID, usedforsecurity=False).digest())
        self._transport.write(_ACCEPTED % accept)
        self._frames = bytearray()

    def _echo(self, frames: bytearray) -> None:
        while len(frames) >= 2 and len(frames) >= (end := 6 + (frames[1] & 0x7F)):
            mask, body = bytes(frames[2:6]), bytes(frames[6:end])
            opcode = frames[0]
            del frames[:end]
            if opcode & 0x0F == 8:
                self._transport.write(_CLOSE)
                self._transport.close()
                return
            self._transport.write(bytes((opcode, len(body))) + _unmasked(body, mask))


def _unmasked(body: bytes, mask: bytes) -> bytes:
    size = len(body)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(body) ^ int.from_bytes(key)).to_bytes(size)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Upstream, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def heavy_upstream() -> Iterator[int]:
    """Runs it in a process of its own, and gives its port."""
    process = Popen([sys.executable, "-m", "benchmarks.hops.upstream"], stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


if __name__ == "__main__":
    uvloop.run(_serve())
