"""An upstream of raw sockets: it records what arrives, byte for byte, and answers what a script says."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLContext

__all__ = ["Peer", "RawUpstream", "Script", "Seen", "answering"]

_SECONDS = 10
_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    connection: int
    """Counts from 0."""
    head: bytes
    """With the empty line at its end."""
    body: bytes
    """As it was framed."""

    @property
    def line(self) -> bytes:
        return self.head.partition(b"\r\n")[0]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """In their order; names in small letters, since those of ASGI are."""
        lines = self.head.rstrip(b"\r\n").split(b"\r\n")[1:]
        pairs = (line.partition(b":") for line in lines)
        return [(name.lower(), value.strip(b" ")) for name, _, value in pairs]

    def values(self, wanted: bytes) -> list[bytes]:
        return [value for name, value in self.headers if name == wanted]


class Peer:
    """The upstream's end of one connection."""

    def __init__(self, connection: socket.socket, number: int, seen: list[Seen]) -> None:
        self.socket, self.number, self._seen = connection, number, seen
        self._buffer = b""

    def request(self, *, body: bool = True) -> Seen:
        """Reads a request, and its body unless that is to be read later.

        Raises:
            EOFError: the other side has hung up.
        """
        head = self.until(b"\r\n\r\n")
        found = Seen(self.number, head, b"")
        if body:
            found = Seen(self.number, head, self.body(found))
        self._seen.append(found)
        return found

    def ready(self) -> None:
        """Waits until a request begins."""
        while not self._buffer:
            self._more()

    def body(self, request: Seen) -> bytes:
        """Reads the body of a request."""
        if request.values(b"transfer-encoding"):
            raw = b""
            while not raw.endswith(b"0\r\n\r\n") or not _whole(raw):
                raw += self.until(b"\r\n")
            return raw
        return self.exactly(int((request.values(b"content-length") or [b"0"])[0]))

    def until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._more()
        found, mark_, self._buffer = self._buffer.partition(mark)
        return found + mark_

    def exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        found, self._buffer = self._buffer[:count], self._buffer[count:]
        return found

    def _more(self) -> None:
        block = self.socket.recv(65536)
        if not block:
            raise EOFError
        self._buffer += block

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def gone(self) -> bool:
        """Waits until the other side has hung up, and drops what it still says."""
        with contextlib.suppress(ConnectionError):
            while self.socket.recv(65536):
                pass
        return True

    def reset(self) -> None:
        """Hangs up so that the other side gets a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self.socket.close()


def _whole(raw: bytes) -> bool:
    """Whether a chunked body is complete."""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return raw == b"\r\n"
        raw = raw[length + 2 :]
    return False


Script = Callable[[Peer], None]
"""What is done with a connection; it is closed afterwards."""


def answering(*responses: bytes) -> Script:
    """Returns a script that answers one request with each response, and then waits until the other side hangs up."""

    def script(peer: Peer) -> None:
        for response in responses:
            peer.request()
            peer.send(response)
        peer.gone()

    return script


class RawUpstream:
    """Listens on a free port of the loopback interface, or on a unix socket, until it is closed.

    Attributes:
        seen: the requests that arrived, in their order.
        accepted: how many connections.
        failed: what scripts raised, but for the other side hanging up.
    """

    def __init__(self, tls: SSLContext | None = None, path: str | None = None) -> None:
        self.seen: list[Seen] = []
        self.failed: list[BaseException] = []
        self.accepted = 0
        self._tls, self._scripts = tls, [answering()]
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
            self.url = f"http{'s' if tls else ''}://localhost:{self._listener.getsockname()[1]}"
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self._listener.listen(128)
            self.url = f"unix:{path}"
        self._start(self._accept)

    def script(self, *scripts: Script) -> None:
        """Says what happens on the next connections: the first script on the first, the last one on all after it."""
        self._scripts = list(scripts)

    def close(self) -> None:
        """Stops listening, and hangs up everywhere."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_SECONDS)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            number, self.accepted = self.accepted, self.accepted + 1
            self._start(self._serve, connection, number, script)

    def _serve(self, connection: socket.socket, number: int, script: Script) -> None:
        self._open.add(connection)
        connection.settimeout(_SECONDS)
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            script(Peer(connection, number, self.seen))
        except (EOFError, ConnectionError):
            pass
        except BaseException as failed:
            self.failed.append(failed)
        finally:
            self._open.discard(connection)
            connection.close()
