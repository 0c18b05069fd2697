"""ASGI applications, bare and wrapped, called directly in one event loop: no server is measured."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.trace import NoOpTracerProvider
from starlette.middleware.base import BaseHTTPMiddleware

from benchmarks.rounds import Batch
from benchmarks.wrapped import FLAG, PATH, bare_kit, request_headers, shop_kit, unrecorded, visitor_cookie
from reliakit import Reliakit

__all__ = ["BARE", "OTEL", "OURS", "asgi_subjects"]

BARE, OURS = "bare application", "kit.asgi: route, flag check, outcome"
OTEL = "opentelemetry-instrumentation-asgi, metrics only"

Headers = list[tuple[bytes, bytes]]

_START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
_BODY = {"type": "http.response.body", "body": b"hello"}


async def _bare(connection: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(_START)
    await send(_BODY)


def _checking(kit: Reliakit) -> Any:
    """The same application with one flag check."""

    async def app(connection: Any, receive: Any, send: Any) -> None:
        await receive()
        kit.enabled(FLAG)
        await send(_START)
        await send(_BODY)

    return app


def _trivial(app: Any) -> Any:
    """The least that a wrapper can be which sees the response."""

    async def wrapper(connection: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            await send(message)

        await app(connection, receive, sending)

    return wrapper


async def _passing(request: Any, call_next: Any) -> Any:
    return await call_next(request)


async def _receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _ignore(message: Any) -> None:
    pass


def _connection(headers: Headers) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("203.0.113.9", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


async def _drive(app: Any, connection: dict[str, Any], calls: int) -> None:
    for _ in range(calls):
        await app(dict(connection), _receive, _ignore)


@contextmanager
def asgi_subjects(problems: list[str]) -> Iterator[dict[str, Batch]]:
    """Makes the subjects; afterwards tells in `problems` what did not do what it was measured for."""
    kit, idle, reader = shop_kit(), bare_kit(), InMemoryMetricReader()
    provider = MeterProvider([reader])
    checking = _checking(kit)
    apps = {
        BARE: _bare,
        "trivial pure-ASGI wrapper": _trivial(_bare),
        "kit.asgi: nothing defined": idle.asgi(_bare),
        OURS: kit.asgi(checking, upstreams={"shop-v2": checking}),
        "Starlette BaseHTTPMiddleware": BaseHTTPMiddleware(_bare, dispatch=_passing),
        OTEL: OpenTelemetryMiddleware(_bare, meter_provider=provider, tracer_provider=NoOpTracerProvider()),
    }
    with asyncio.Runner() as runner:
        connection = _connection(runner.run(_headers(apps[OURS])))
        yield {
            name: partial(_in_loop, runner, partial(_drive, app, connection)) for name, app in apps.items()
        }
        problems.extend(unrecorded(OURS, kit))
        if reader.get_metrics_data() is None:
            problems.append(f"{OTEL} recorded nothing")
    provider.shutdown()
    kit.close()
    idle.close()


def _in_loop(runner: asyncio.Runner, drive: Any, calls: int) -> None:
    runner.run(drive(calls))


async def _headers(app: Any) -> Headers:
    """The request's headers, with the cookie that the first answer of `app` set."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app(_connection(_encoded(request_headers("a=b"))), _receive, send)
    decoded = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    return _encoded(request_headers(visitor_cookie(decoded)))


def _encoded(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
