"""A network that loses an answer: what is sent arrives, and then the line is dead."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["cutting"]

_MOST = 65_536
_PATIENCE = 20.0


@contextmanager
def cutting(port: int, word: bytes) -> Iterator[int]:
    """Listens on a free loopback port and passes all on to another, until `word` goes by: that still arrives, and
    nothing comes back, then or later.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cut = threading.Event()
        threading.Thread(target=_accept, args=(listening, port, word, cut), daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            cut.set()


def _accept(listening: socket.socket, port: int, word: bytes, cut: threading.Event) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            if cut.is_set():
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", port), _PATIENCE)
            client.settimeout(_PATIENCE)
            threading.Thread(target=_pass, args=(client, server, word, cut), daemon=True).start()
            threading.Thread(target=_pass, args=(server, client, None, cut), daemon=True).start()


def _pass(one: socket.socket, other: socket.socket, word: bytes | None, cut: threading.Event) -> None:
    with suppress(OSError), one, other:
        while data := one.recv(_MOST):
            seen = word is not None and word in data
            if seen:
                cut.set()  # before it is passed on, so that no answer can be faster
            elif word is None and cut.is_set():
                return
            other.sendall(data)
            if seen:
                one.recv(1)  # the client gives up, or time does
                return
