"""The apps that show metrics: to be mounted where a Prometheus may ask, and nobody else."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from reliakit.errors import ReliakitError
from reliakit.middleware.protocol import Connection, Environ, Receive, Send, StartResponse
from reliakit.telemetry.openmetrics import CONTENT_TYPE

__all__ = ["MetricsASGI", "MetricsWSGI"]

_log = logging.getLogger("reliakit")
_WITHIN = 10.0
_METHODS = ("GET", "HEAD")
_REASONS = {200: "OK", 405: "Method Not Allowed", 503: "Service Unavailable"}
_AWAY = "what the workers share can't be read now; the log and `reliakit status` say why"

_EXPECTED = (ReliakitError, ValueError, TimeoutError)

Ask = Callable[[], "Future[str]"]
"""Asks for the text, from any thread; raises ReliakitError where nobody can be asked."""
Response = tuple[int, list[tuple[str, str]], bytes]


class _Shown:
    """What both apps do.

    Args:
        ask: asks for the text.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask, self._away = ask, False

    def _found(self, text: str) -> Response:
        self._away = False
        return _response(200, CONTENT_TYPE, text.encode())

    def _failed(self, failed: Exception) -> Response:
        # The reason stays in the log: it names the store, and whoever asks need not know where that is.
        if not self._away:
            _log.warning("metrics can't be shown: %s", str(failed) or type(failed).__name__)
        self._away = True
        return _problem(503, _AWAY)


class MetricsASGI(_Shown):
    """An ASGI app that answers every path."""

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"this app shows metrics over HTTP, not over {scope['type']}")
        status, headers, body = await self._answer(scope["method"])
        pairs = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, method: str) -> Response:
        if method not in _METHODS:
            return _refused()
        try:
            # In a thread: the first question wakes the engine, which takes a while.
            future = await asyncio.to_thread(self._ask)
            async with asyncio.timeout(_WITHIN):
                return self._found(await asyncio.wrap_future(future))
        except _EXPECTED as failed:
            return self._failed(failed)


class MetricsWSGI(_Shown):
    """A WSGI app that answers every path."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._answer(environ["REQUEST_METHOD"])
        start_response(f"{status} {_REASONS[status]}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _answer(self, method: str) -> Response:
        if method not in _METHODS:
            return _refused()
        try:
            return self._found(self._ask().result(_WITHIN))
        except _EXPECTED as failed:
            return self._failed(failed)


def _refused() -> Response:
    status, headers, body = _problem(405, "metrics can be read and nothing else")
    return status, [*headers, ("allow", ", ".join(_METHODS))], body


def _problem(status: int, detail: str) -> Response:
    told = {"type": "about:blank", "title": _REASONS[status], "status": status, "detail": detail}
    return _response(status, "application/problem+json", json.dumps(told).encode())


def _response(status: int, kind: str, body: bytes) -> Response:
    headers = [("content-type", kind), ("content-length", str(len(body))), ("cache-control", "no-store")]
    return status, headers, body
