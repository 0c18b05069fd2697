"""The WSGI applications that pass requests on: ours, and what people write in twenty lines.

UPSTREAM is where to. They are run by gunicorn: `gunicorn benchmarks.hops.wsgi_apps:plain()`.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["ours", "plain"]

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"})

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def ours() -> WSGIApp:
    """Returns an application of which every request goes to an upstream of reliakit's."""
    from reliakit import Reliakit

    upstream: dict[str, Any] = {"endpoints": [{"url": os.environ["UPSTREAM"]}]}
    kit = Reliakit({"upstreams": {"shop": upstream}, "routes": [{"path_prefix": "/", "upstream": "shop"}]})

    def nowhere(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]

    app: WSGIApp = kit.wsgi(nowhere)
    return app


def plain() -> WSGIApp:
    """Returns a proxy over urllib3 that does no more than it has to."""
    from urllib3 import HTTPConnectionPool

    host, _, port = os.environ["UPSTREAM"].removeprefix("http://").partition(":")
    pool = HTTPConnectionPool(host, int(port), maxsize=100)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        query = environ["QUERY_STRING"]
        headers = {
            key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")
        }
        headers["X-Forwarded-For"] = environ["REMOTE_ADDR"]
        response = pool.urlopen(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"] + (f"?{query}" if query else ""),
            environ["wsgi.input"] if environ.get("CONTENT_LENGTH") else None,
            headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )
        passed = [pair for pair in response.headers.items() if pair[0].lower() not in _HOP]
        start_response(f"{response.status} {response.reason}", passed)
        return response.stream(65_536)

    return app
