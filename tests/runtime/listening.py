"""A real HTTP server that a test tells how to answer, and that remembers what it was sent."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

__all__ = ["Heard", "Listener", "until"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Listener:
    """Listens on a free loopback port while its context lasts.

    Attributes:
        answers: for the next requests: a status, a pair of status and JSON, a response, or an event to hang on until
            it is set. 200 follows them.
        heard: requests so far.
    """

    answers: deque[Any] = field(default_factory=deque)
    heard: list[Heard] = field(default_factory=list)

    async def __aenter__(self) -> "Listener":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._hear)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _hear(self, request: web.Request) -> web.Response:
        self.heard.append(Heard(request.path, dict(request.headers), await request.read()))
        return await self._answer(self.answers.popleft() if self.answers else 200)

    async def _answer(self, said: Any) -> web.Response:
        if isinstance(said, asyncio.Event):
            await said.wait()
            return web.Response()
        if isinstance(said, tuple):
            return web.json_response(said[1], status=said[0])
        return web.Response(status=said) if isinstance(said, int) else said


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Waits, with a bound, for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)
