"""A worker on uvicorn, with uvloop and httptools: the only file here that knows its server."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

from reliakit.cli.serve.channel import Reporter
from reliakit.cli.serve.plan import Plan
from reliakit.errors import MissingExtraError
from reliakit.middleware.protocol import ASGIApp
from reliakit.upstreams.errors import Aborted

try:
    import uvicorn
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: F401 - says early what is missing
except ImportError as missing:
    raise MissingExtraError("reliakit serve", "gateway") from missing

from reliakit.cli.serve.uvicorn_protocol import Limits, protocol_of

__all__ = ["serve"]

_LOOK = 0.1
_OF_CLIENTS = ("Invalid HTTP request received.", "Unsupported upgrade request.")


def serve(app: ASGIApp, plan: Plan, listener: socket.socket, reporter: Reporter) -> None:
    """Serves an application until the reporter is told to end."""
    server = _Server(_config(app, plan), plan)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_of_interest)
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(server.serve_reporting(listener, reporter))


@contextlib.asynccontextmanager
async def beside(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serves another application on the present loop, until the block ends."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app, lifespan="off", server_header=False, log_config=None, proxy_headers=False, access_log=False
    )
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await serving


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to us."""
        yield


def _config(app: ASGIApp, plan: Plan) -> uvicorn.Config:
    limits = Limits(plan.header_bytes, plan.uri_bytes)
    return uvicorn.Config(
        app,
        http=protocol_of(limits),
        ws="websockets-sansio",
        # What is passed on is passed on as it came, and the upstream's own headers are the only ones.
        ws_per_message_deflate=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        lifespan="on",
        access_log=False,
        log_config=None,
        timeout_keep_alive=max(1, round(plan.keep_alive)),
        timeout_graceful_shutdown=max(1, round(plan.drain)),
        ssl_certfile=plan.certificate,
        ssl_keyfile=plan.key,
    )


class _Server(_Quiet):
    def __init__(self, config: uvicorn.Config, plan: Plan) -> None:
        super().__init__(config)
        self._plan = plan
        self._draining: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    async def serve_reporting(self, listener: socket.socket, reporter: Reporter) -> None:
        """Serves, and reports from when it is up."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.stop)
        serving = asyncio.create_task(self.serve([listener]))
        up = asyncio.create_task(self._up.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        reporting = asyncio.create_task(reporter.report(self))
        try:
            await serving
        finally:
            for task in (reporting, up):
                task.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up.set()

    def counts(self) -> dict[str, int]:
        return {
            "connections": len(self.server_state.connections),
            "requests": self.server_state.total_requests,
            "in_flight": len(self.server_state.tasks),
        }

    def stop(self) -> None:
        self.should_exit = True

    def drain(self) -> None:
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        """A connection that is closed while it is idle may lose a request that was just sent on it. So each is told to
        close with its next response, and only those that stay idle are closed as they would be anyway.
        """
        for server in self.servers:
            server.close()
        self.server_state.draining = True  # type: ignore[attr-defined]
        loop = asyncio.get_running_loop()
        end = loop.time() + self._plan.keep_alive + 1
        # A connection that ends tells nobody.
        while self.server_state.connections and loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)
        self.should_exit = True


def _of_interest(record: logging.LogRecord) -> bool:
    """What clients get wrong they are told; a log of it could be filled by anybody. And an upstream that hangs up in the
    middle is no fault of this program, and needs no traceback of it.
    """
    if record.msg in _OF_CLIENTS:
        return False
    error: Any = record.exc_info[1] if record.exc_info else None
    if isinstance(error, Aborted):
        record.exc_info, record.msg, record.args = None, "a response was cut: %s", (error,)
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True
