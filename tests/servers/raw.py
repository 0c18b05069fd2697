"""Bytes as they are on the wire: no client library in between that might tidy them."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "connected",
    "exchange",
    "exchange_expecting_100",
    "normal",
    "read_to_end",
    "read_until",
    "request",
]

_SECONDS = 10
_DATE = re.compile(rb"^(date): [^\r]*", re.IGNORECASE | re.MULTILINE)
_OURS = re.compile(rb"^set-cookie: reliakit_[^\r]*\r\n", re.IGNORECASE | re.MULTILINE)


def request(
    line: str = "GET /shop/1 HTTP/1.1", *headers: bytes, body: bytes = b"", last: bool = True
) -> bytes:
    """Returns a request; unless it is the `last` one, the connection stays open after it."""
    head = [line.encode("latin-1"), b"Host: shop.test", *headers, *([b"Connection: close"] if last else [])]
    return b"\r\n".join([*head, b"", b""]) + body


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection:
        yield connection


def read_to_end(connection: socket.socket) -> bytes:
    """Returns everything until the server hangs up, and how it did."""
    received = bytearray()
    try:
        while block := connection.recv(65536):
            received += block
    except ConnectionResetError:
        received += b"<reset>"
    return bytes(received)


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    received = bytearray()
    while not received.endswith(mark):
        block = connection.recv(1)
        assert block, f"the server hung up after {bytes(received)!r}"
        received += block
    return bytes(received)


def exchange(port: int, sent: bytes) -> bytes:
    """Sends bytes and returns all that comes back."""
    with connected(port) as connection:
        connection.sendall(sent)
        return read_to_end(connection)


def exchange_expecting_100(port: int, head: bytes, body: bytes) -> bytes:
    """Sends the body only when the server has said that it wants it."""
    with connected(port) as connection:
        connection.sendall(head)
        interim = read_until(connection, b"\r\n\r\n")
        connection.sendall(body)
        return interim + read_to_end(connection)


def normal(response: bytes) -> tuple[bytes, int]:
    """Returns a response without the moment it was sent at and without reliakit's cookies, and how many of these."""
    return _OURS.subn(b"", _DATE.sub(rb"\1: now", response))
