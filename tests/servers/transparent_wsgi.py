"""One WSGI application, bare and behind reliakit; whatever a client can tell apart is a fault.

The last part of the path says what it does; anything else is answered with all that the application was told.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from reliakit import Reliakit
from tests.middleware.shop import outcomes
from tests.servers.transparent_asgi import DEFINITIONS, MEGABYTE, MEGABYTES

_TOLD = ("CONTENT_", "HTTP_", "PATH_", "QUERY_", "RAW_", "REQUEST_", "SCRIPT_", "SERVER_PROTOCOL", "wsgi.url")
_SIZE = len(MEGABYTE) * MEGABYTES

Environ = dict[str, Any]
Headers = list[tuple[str, str]]


def _answer(
    start_response: Any, body: bytes, status: str = "200 OK", headers: Headers | None = None
) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain"), *(headers or []), _length(len(body))])
    return [body]


def _length(size: int) -> tuple[str, str]:
    return "Content-Length", str(size)


def _blocks(environ: Environ) -> Iterator[bytes]:
    """The request's body; servers that don't end it themselves are read as far as it was promised."""
    left = int(environ.get("CONTENT_LENGTH") or (-1 if environ.get("wsgi.input_terminated") else 0))
    while left and (block := environ["wsgi.input"].read(65536 if left < 0 else min(left, 65536))):
        left -= len(block) if left > 0 else 0
        yield block


def echo(environ: Environ, start_response: Any) -> Iterable[bytes]:
    told = {name: value for name, value in environ.items() if name.startswith(_TOLD)}
    told["body"] = b"".join(_blocks(environ))
    return _answer(start_response, ascii(sorted(told.items())).encode())


def empty(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("204 No Content", [("X-Empty", "")])
    return []


def not_modified(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("304 Not Modified", [("ETag", '"a"')])
    return []


def stream(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from (b"one", b"", b"two" * 10_000, b"three")


def single(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """No length: some servers add it, since there is one block only."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"single"]


def duplicates(environ: Environ, start_response: Any) -> Iterable[bytes]:
    names = [("X-B", "1"), ("Set-Cookie", "a=1"), ("X-A", "caf\xe9 \xff"), ("X-B", "2")]
    return _answer(start_response, b"ok", headers=[*names, ("Set-Cookie", "b=2; Path=/"), ("x-case", "kept")])


def reason(environ: Environ, start_response: Any) -> Iterable[bytes]:
    return _answer(start_response, b"", "299 As You Wish")


def raises(environ: Environ, start_response: Any) -> Iterable[bytes]:
    raise LookupError("before")


def raises_late(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"half"
    raise LookupError("after")


def changes_its_mind(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-First", "1")])
    try:
        raise LookupError
    except LookupError:
        start_response("500 Oops", [("Content-Type", "text/plain"), _length(4)], sys.exc_info())
    return [b"oops"]


def changes_it_too_late(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"half"
    try:
        raise LookupError("after")
    except LookupError:
        start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
    yield b"never"


def writes(environ: Environ, start_response: Any) -> Iterable[bytes]:
    write = start_response("200 OK", [("Content-Type", "text/plain"), _length(10)])
    write(b"hello")
    return [b"world"]


def file(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), _length(100_000)])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(b"f" * 100_000))
    return wrapped


def endless(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    while True:
        yield b"more" * 1000


def flood(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), _length(_SIZE)])
    return (MEGABYTE for _ in range(MEGABYTES))


def drain(environ: Environ, start_response: Any) -> Iterable[bytes]:
    return _answer(start_response, b"%d" % sum(map(len, _blocks(environ))))


def state(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """What was counted so far."""
    counts: dict[str, int] = {}
    for row in outcomes(_routed).values():
        for outcome, count in row.items():
            counts[outcome] = counts.get(outcome, 0) + count
    return _answer(start_response, json.dumps({"pid": os.getpid(), "outcomes": counts}).encode())


HANDLERS: dict[str, Callable[[Environ, Any], Iterable[bytes]]] = {
    "empty": empty,
    "not-modified": not_modified,
    "stream": stream,
    "single": single,
    "duplicates": duplicates,
    "reason": reason,
    "raises": raises,
    "raises-late": raises_late,
    "changes": changes_its_mind,
    "changes-late": changes_it_too_late,
    "writes": writes,
    "file": file,
    "endless": endless,
    "flood": flood,
    "drain": drain,
    "state": state,
    "shop": state,
}


def bare(environ: Environ, start_response: Any) -> Iterable[bytes]:
    return HANDLERS.get(environ["PATH_INFO"].rpartition("/")[2], echo)(environ, start_response)


_unrouted, _routed = Reliakit({}), Reliakit(DEFINITIONS)
unrouted = _unrouted.wsgi(bare)
routed = _routed.wsgi(bare, upstreams={"shop-v2": bare})
