"""A service of one version, as a process that starts fast and may be killed. Arguments: the port and the version.

It answers after some milliseconds with its version. What begins with `bad` answers every third request with 500, from when
there is a file `gone-bad` in its folder; what begins with `broken` never becomes well.
"""

import asyncio
import sys
from pathlib import Path

_DELAY = 0.03


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: str) -> None:
    number = 0
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            number += 1
            writer.write(await _answer(head.split(b" ")[1], version, number))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _answer(path: bytes, version: str, number: int) -> bytes:
    if path == b"/healthz":
        return _response(503 if version.startswith("broken") else 200, version)
    await asyncio.sleep(_DELAY)
    return _response(500 if number % 3 == 0 and _bad(version) else 200, version)


def _bad(version: str) -> bool:
    return version.startswith("bad") and Path("gone-bad").exists()


def _response(status: int, version: str) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(version), version.encode())


async def _main(port: int, version: str) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: _serve(reader, writer, version), "127.0.0.1", port, reuse_address=True
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2]))
