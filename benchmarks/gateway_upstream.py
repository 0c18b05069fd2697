"""An upstream that costs next to nothing: `python -m benchmarks.gateway_upstream`. Prints its port, ends with its input.

Each request, which has no body, is answered with the same kilobyte.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import Any

import uvloop

__all__ = ["upstream"]

_BODY = b"x" * 1024
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Server: upstream\r\nCache-Control: no-store\r\nContent-Length: 1024\r\n\r\n" + _BODY
)


class _Answers(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        whole = self._rest + data
        self._rest = whole.rpartition(b"\r\n\r\n")[2]
        self._transport.write(_ANSWER * whole.count(b"\r\n\r\n"))


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Answers, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def upstream() -> Iterator[int]:
    """Runs it in a process of its own, and gives its port."""
    process = Popen([sys.executable, "-m", "benchmarks.gateway_upstream"], stdin=PIPE, stdout=PIPE)
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
