"""Starts and stops the applications of one process together, each by its own lifespan."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from reliakit.middleware.protocol import APP, ASGIApp, Connection, Message, Receive, Send

__all__ = ["Lifespans"]

_log = logging.getLogger("reliakit")
_ENDINGS = ("lifespan.startup.failed", "lifespan.shutdown.complete", "lifespan.shutdown.failed")


class Lifespans:
    """The wrapped application's lifespan passes through; the others' run beside it.

    Attributes:
        ready: the upstreams that take requests. One whose start failed is not among them, and the rest serves on.
    """

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._apps = apps
        self.ready = set(apps)
        self._running: dict[str, _Lifespan] = {}

    def connection(self, upstream: str, connection: Connection) -> Connection:
        """Returns what an application is called with: its own lifespan state, never that of another."""
        running = self._running.get(upstream)
        state = dict(running.state) if running is not None else {}
        return {**connection, "state": state} if state or "state" in connection else connection

    async def run(
        self, connection: Connection, receive: Receive, send: Send, stop: Callable[[], Any]
    ) -> None:
        """Answers the server's lifespan connection; `stop` is called, in a thread, when all is over."""
        asked = False

        async def receiving() -> Message:
            nonlocal asked
            asked = True
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._start(connection)
            return message

        async def sending(message: Message) -> None:
            if message["type"] in _ENDINGS:
                await self._end(stop)
            await send(message)

        try:
            await self._apps[APP](connection, receiving, sending)
        except Exception as raised:
            if asked:
                raise
            # Servers take it for an application without a lifespan. The others and the engine still want theirs.
            _log.info("the wrapped application has no lifespan (%r)", raised)
            await _answer(receiving, sending)

    async def _start(self, connection: Connection) -> None:
        others = {name: _Lifespan(name, app) for name, app in self._apps.items() if name != APP}
        self._running = others
        started = await asyncio.gather(*(each.start(connection) for each in others.values()))
        for name, ready in zip(others, started, strict=True):
            (self.ready.add if ready else self.ready.discard)(name)

    async def _end(self, stop: Callable[[], Any]) -> None:
        await asyncio.gather(*(each.stop() for each in self._running.values()))
        await asyncio.to_thread(stop)


async def _answer(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


class _Lifespan:
    """The lifespan of one application that the server does not know of."""

    def __init__(self, name: str, app: ASGIApp) -> None:
        self.name, self._app = name, app
        self.state: dict[str, Any] = {}
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self, connection: Connection) -> bool:
        """Starts the application; tells whether it may take requests."""
        own = {**connection, "state": self.state}
        self._task = asyncio.create_task(self._run(own), name=f"reliakit lifespan of {self.name}")
        await self._told.put({"type": "lifespan.startup"})
        return await self._said.get() != "lifespan.startup.failed"

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            await self._told.put({"type": "lifespan.shutdown"})
            await self._said.get()
            await self._task

    async def _run(self, connection: Connection) -> None:
        failed = False

        async def send(message: Message) -> None:
            nonlocal failed
            failed = message["type"] == "lifespan.startup.failed"
            if failed:
                _log.error(
                    "%s failed to start and gets no traffic: %s", self.name, message.get("message", "")
                )
            await self._said.put(message["type"])

        try:
            await self._app(connection, self._told.get, send)
        except Exception as raised:
            if not failed:
                _log.info("%s has no lifespan (%r)", self.name, raised)
        finally:
            await self._said.put("ended")
