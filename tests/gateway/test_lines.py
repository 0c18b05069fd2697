"""The protocol's clock, and the lines of the access log."""

import asyncio
import socket
from typing import Any

import pytest
import uvicorn

from reliakit.cli.serve.access import AccessLog
from reliakit.cli.serve.uvicorn_protocol import Limits, protocol_of


async def _app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def _served(sent: bytes) -> bytes:
    """Returns what a server answers that gives the head of a request a moment to arrive."""

    async def work() -> bytes:
        config = uvicorn.Config(
            _app, http=protocol_of(Limits(65_536, 4_096, 0.2)), log_config=None, lifespan="off"
        )
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server._serve([listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(sent)
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            server.should_exit = True
            await serving
        return answer

    return asyncio.run(work())


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: shop.test\r\nX-A: "], ids=["nothing", "half"]
)
def test_a_request_that_never_arrives_is_given_up(sent: bytes) -> None:
    """Otherwise a few thousand connections that say nothing would keep everybody else out."""
    answer = _served(sent)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b'"reliakit": "too_slow"' in answer


def test_a_line_is_one_line_whatever_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise anybody could write what they like into the log."""
    scope = {
        "type": "http", "method": "GET", "client": ("203.0.113.9", 1), "http_version": "1.1",
        "raw_path": b'/a"\n203.0.113.8 - - b', "query_string": b"c=\x85",
    }  # fmt: skip

    async def ask() -> None:
        async def send(message: Any) -> None:
            pass

        await AccessLog(_app, "text")(scope, None, send)  # type: ignore[arg-type]

    asyncio.run(ask())
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert '"GET /a%22%0A203.0.113.8 - - b?c=%C2%85 HTTP/1.1" 404 5 0.0' in printed
