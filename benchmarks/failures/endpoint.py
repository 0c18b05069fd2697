"""A service that writes down each request before it answers: `python -S -m benchmarks.failures.endpoint PORT LOG`.

What comes on its input changes its manner: `well`; `slow SECONDS` answers so late; `silent` takes requests and never
answers; `deaf` takes no connection either, so that whoever connects hears nothing. Ends with its input.
"""

import asyncio
import os
import socket
import sys
from typing import Any

__all__: list[str] = []

_BACKLOG = 1024
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"


class _Manner:
    def __init__(self, port: int) -> None:
        self.delay, self.answers = 0.0, True
        self._loop = asyncio.get_running_loop()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.setblocking(False)
        self._crowd: list[socket.socket] = []
        self._begun: set[Any] = set()

    def change(self, manner: str, seconds: str = "0") -> None:
        self.delay, self.answers = float(seconds), manner in ("well", "slow")
        for each in self._crowd:
            each.close()
        self._crowd.clear()
        if manner == "deaf":
            self._loop.remove_reader(self._listener)
            self._listener.listen(0)
            self._crowd += [_waiting(self._listener.getsockname()) for _ in range(3)]
        else:
            self._listener.listen(_BACKLOG)
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it has gone again
            return
        task = self._loop.create_task(self._loop.connect_accepted_socket(lambda: _Asked(self), connection))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)


def _waiting(address: Any) -> socket.socket:
    """Fills the queue of connections that wait to be accepted."""
    made = socket.socket()
    made.setblocking(False)
    made.connect_ex(address)
    return made


class _Asked(asyncio.Protocol):
    """One connection, with requests one after the other."""

    def __init__(self, manner: _Manner) -> None:
        self._manner, self._received = manner, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, mark, rest = bytes(self._received).partition(b"\r\n\r\n")
        length = _length(head)
        if not mark or len(rest) < length:
            return
        del self._received[: len(head) + 4 + length]
        # Also what gets no answer: it has been sent, and somebody else may have acted on it.
        method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
        if target != b"/healthz":
            os.write(_log, b"%b %b\n" % (method, target[1:]))
        asyncio.get_running_loop().call_later(self._manner.delay, self._answer)

    def _answer(self) -> None:
        if self._manner.answers:
            self._transport.write(_ANSWER)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def _main(port: int) -> None:
    manner, loop = _Manner(port), asyncio.get_running_loop()
    manner.change("well")
    ended = loop.create_future()

    def told() -> None:
        line = sys.stdin.readline()
        if line:
            manner.change(*line.split())
        elif not ended.done():
            ended.set_result(None)

    loop.add_reader(sys.stdin, told)
    print("ready", flush=True)
    await ended


if __name__ == "__main__":
    _log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    asyncio.run(_main(int(sys.argv[1])))
