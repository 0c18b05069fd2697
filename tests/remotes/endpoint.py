"""A service that writes down what it was asked, before it answers: a process that starts fast and may be killed.

Arguments: the port, the file to write to. `/-/slow?SECONDS` has it answer later from then on, `/-/fail?STATUS` with that
status; `/healthz` never does.
"""

import asyncio
import sys
from pathlib import Path

_manner = {"delay": 0.0, "status": 200.0}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: Path) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (each.partition(":") for each in head[1:])
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status = await _answered(method, target, body, headers, log)
            writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nok" % status)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _answered(method: str, target: str, body: bytes, headers: dict[str, str], log: Path) -> int:
    path, _, query = target.partition("?")
    if path == "/healthz":
        return 200
    if path.startswith("/-/"):
        if path == "/-/slow":
            _manner["delay"] = float(query)
        else:
            _manner["status"] = float(query)
        return 200
    mirrored = headers.get("x-reliakit-mirror", "")
    with log.open("a") as written:
        written.write(f"{method} {path} {body.decode()} {mirrored}\n")
    await asyncio.sleep(_manner["delay"])
    return int(_manner["status"])


async def _main(port: int, log: Path) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: _serve(reader, writer, log), "127.0.0.1", port, reuse_address=True
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), Path(sys.argv[2])))
