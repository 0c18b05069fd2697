"""WSGI applications, bare and wrapped, called directly: no server is measured."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from wsgiref.util import setup_testing_defaults

from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.trace import NoOpTracerProvider

from benchmarks.rounds import Batch
from benchmarks.wrapped import FLAG, PATH, bare_kit, request_headers, shop_kit, unrecorded, visitor_cookie
from reliakit import Reliakit

__all__ = ["BARE", "OTEL", "OURS", "wsgi_subjects"]

BARE, OURS = "bare application", "kit.wsgi: route, flag check, outcome"
OTEL = "opentelemetry-instrumentation-wsgi, metrics only"

Environ = dict[str, Any]


def _bare(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def _checking(kit: Reliakit) -> Any:
    """The same application with one flag check."""

    def app(environ: Environ, start_response: Any) -> Iterable[bytes]:
        kit.enabled(FLAG)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    return app


def _trivial(app: Any) -> Any:
    """The least that a wrapper can be which sees the status and the end of the response."""

    def wrapper(environ: Environ, start_response: Any) -> Iterator[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, headers, *error)

        yield from app(environ, start)

    return wrapper


def _ignore(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
    return _write


def _write(data: bytes) -> None:
    pass


def _environ(cookie: str) -> Environ:
    environ: Environ = {
        "PATH_INFO": PATH,
        "REMOTE_ADDR": "203.0.113.9",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
    }
    setup_testing_defaults(environ)
    for name, value in request_headers(cookie):
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ


def _drive(app: Any, environ: Environ, calls: int) -> None:
    for _ in range(calls):
        body = app(dict(environ), _ignore)
        for _block in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()


@contextmanager
def wsgi_subjects(problems: list[str]) -> Iterator[dict[str, Batch]]:
    """Makes the subjects; afterwards tells in `problems` what did not do what it was measured for."""
    kit, idle, reader = shop_kit(), bare_kit(), InMemoryMetricReader()
    provider = MeterProvider([reader])
    checking = _checking(kit)
    apps = {
        BARE: _bare,
        "trivial WSGI wrapper": _trivial(_bare),
        "kit.wsgi: nothing defined": idle.wsgi(_bare),
        OURS: kit.wsgi(checking, upstreams={"shop-v2": checking}),
        OTEL: OpenTelemetryMiddleware(_bare, meter_provider=provider, tracer_provider=NoOpTracerProvider()),
    }
    environ = _environ(_cookie(apps[OURS]))
    yield {name: partial(_drive, app, environ) for name, app in apps.items()}
    problems.extend(unrecorded(OURS, kit))
    if reader.get_metrics_data() is None:
        problems.append(f"{OTEL} recorded nothing")
    provider.shutdown()
    kit.close()
    idle.close()


def _cookie(app: Any) -> str:
    """The cookie that the first answer of `app` set."""
    sent: list[tuple[str, str]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        sent.extend(headers)
        return _write

    app(_environ("a=b"), start_response)
    return visitor_cookie(sent)
