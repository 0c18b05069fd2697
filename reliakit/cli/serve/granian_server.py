"""A worker on granian: the only file here that knows it.

It parses requests by itself, so what is refused is what its parser and the transports refuse. A bare line feed passes as
the end of a line; since each request is written anew for the upstream, none arrives there.
"""

import asyncio
import logging
import signal
import socket
from pathlib import Path

from reliakit.cli.serve.channel import Reporter
from reliakit.cli.serve.plan import Plan
from reliakit.errors import MissingExtraError
from reliakit.middleware.protocol import ASGIApp, Connection, Message, Receive, Send

try:
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.net import SocketHolder  # type: ignore[attr-defined]
    from granian.server.embed import Server
except ImportError as missing:
    raise MissingExtraError("a gateway on granian", "granian") from missing

__all__ = ["serve"]


def serve(app: ASGIApp, plan: Plan, listener: socket.socket, reporter: Reporter) -> None:
    """Serves an application until the reporter is told to end."""
    logging.getLogger("_granian").setLevel(logging.WARNING)
    asyncio.run(_serve(app, plan, listener, reporter))


async def _serve(app: ASGIApp, plan: Plan, listener: socket.socket, reporter: Reporter) -> None:
    counted = _Counted(app)
    server = _Server(
        counted,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=30_000, max_buffer_size=max(plan.header_bytes, 8_192)
        ),
        log_enabled=False,
        ssl_cert=Path(plan.certificate) if plan.certificate else None,
        ssl_key=Path(plan.key or plan.certificate) if plan.certificate else None,
    )
    server.listener = listener
    running = _Running(server, counted, plan)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.stop)
    serving = asyncio.create_task(server.serve())
    await asyncio.wait(
        {serving, asyncio.create_task(counted.started.wait())}, return_when=asyncio.FIRST_COMPLETED
    )
    reporting = asyncio.create_task(reporter.report(running))
    await serving
    reporting.cancel()


class _Server(Server):
    listener: socket.socket

    def _init_shared_socket(self) -> None:
        """Takes the supervisor's socket."""
        self._ssp = None
        is_unix = self.listener.family is socket.AF_UNIX
        self._shd = SocketHolder(  # type: ignore[assignment, call-arg]
            self.listener.fileno(), is_unix, self.backlog
        )


class _Running:
    def __init__(self, server: _Server, counted: "_Counted", plan: Plan) -> None:
        self._server, self._counted, self._plan = server, counted, plan

    def counts(self) -> dict[str, int]:
        return {"requests": self._counted.requests, "in_flight": self._counted.in_flight}

    def drain(self) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.interrupt_signal = True
        self._server.main_loop_interrupt.set()


class _Counted:
    """Counts requests, and knows when the application has started."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.started = asyncio.Event()
        self.requests = self.in_flight = 0

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await self._app(connection, receive, self._watched(send))
            return
        self.requests += 1
        self.in_flight += 1
        try:
            await self._app(connection, receive, send)
        finally:
            self.in_flight -= 1

    def _watched(self, send: Send) -> Send:
        async def watched(message: Message) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self.started.set()

        return watched
