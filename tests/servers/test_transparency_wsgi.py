"""Behind a real gunicorn, and the strict server of the standard library, a wrapped application looks like the bare
one.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest

from reliakit import Reliakit
from tests.servers import transparent_wsgi
from tests.servers.memory import peak
from tests.servers.raw import connected, exchange, exchange_expecting_100, normal, read_until, request
from tests.servers.serving import Server, until
from tests.servers.transparent_asgi import DEFINITIONS, MEGABYTE, MEGABYTES
from tests.servers.variants import VARIANTS, Trio, trio_of

CHUNKED = b"5;why=not\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"

REQUESTS: dict[str, tuple[bytes, bytes]] = {
    "get": (request(), b"HTTP/1.1 200"),
    "head": (request("HEAD /shop/1 HTTP/1.1"), b"HTTP/1.1 200"),
    "head of a stream": (request("HEAD /shop/stream HTTP/1.1"), b"HTTP/1.1 200"),
    "post": (request("POST /shop/1 HTTP/1.1", b"Content-Length: 4", body=b"\x00\xff{}"), b"HTTP/1.1 200"),
    "post in chunks": (
        request("POST /shop/1 HTTP/1.1", b"Transfer-Encoding: chunked", body=CHUNKED),
        b"HTTP/1.1 200",
    ),
    "options": (request("OPTIONS * HTTP/1.1"), b"HTTP/1.1 200"),
    "http 1.0": (request("GET /shop/stream HTTP/1.0"), b"HTTP/1.0 200"),
    "path bytes": (
        request("GET /shop/a%2Fb/%E2%82%AC/%ff;x=1//c/./../%7e?q=%20&q=+&=%2f HTTP/1.1"),
        b"HTTP/1.1 200",
    ),
    "request headers": (
        request("GET /shop/1 HTTP/1.1", b"X-B: 1", b"x-a: caf\xe9 \xff", b"X-B: 2", b"X-Empty:"),
        b"HTTP/1.1 200",
    ),
    "204": (request("GET /shop/empty HTTP/1.1"), b"HTTP/1.1 204"),
    "304": (request("GET /shop/not-modified HTTP/1.1"), b"HTTP/1.1 304"),
    "stream": (request("GET /shop/stream HTTP/1.1"), b"HTTP/1.1 200"),
    "single block": (request("GET /shop/single HTTP/1.1"), b"HTTP/1.1 200"),
    "response headers": (request("GET /shop/duplicates HTTP/1.1"), b"HTTP/1.1 200"),
    "odd reason": (request("GET /shop/reason HTTP/1.1"), b"HTTP/1.1 299 As You Wish"),
    "exception before the start": (request("GET /shop/raises HTTP/1.1"), b"HTTP/1.1 500"),
    "exception in a stream": (request("GET /shop/raises-late HTTP/1.1"), b"HTTP/1.1 200"),
    "error page in time": (request("GET /shop/changes HTTP/1.1"), b"HTTP/1.1 500 Oops"),
    "error page too late": (request("GET /shop/changes-late HTTP/1.1"), b"HTTP/1.1 200"),
    "written": (request("GET /shop/writes HTTP/1.1"), b"HTTP/1.1 200"),
    "file": (request("GET /shop/file HTTP/1.1"), b"HTTP/1.1 200"),
    "several on one connection": (
        request(last=False)
        + request("GET /shop/single HTTP/1.1", last=False)
        + request("GET /shop/4 HTTP/1.1"),
        b"HTTP/1.1 200",
    ),
}
STRICT = ["get", "head", "post", "path bytes", "stream", "single block", "written"]
"""What the standard library's server and validator take; it knows HTTP/1.0 alone."""


@pytest.fixture(scope="module")
def trio(tmp_path_factory: Any) -> Iterator[Trio]:
    command = ["-m", "gunicorn", "tests.servers.transparent_wsgi:VARIANT", "--bind", "127.0.0.1:PORT"]
    with trio_of(
        [*command, "--worker-class", "gthread", "--threads", "8", "--log-level", "critical"],
        tmp_path_factory.mktemp("transparency"),
    ) as servers:
        yield servers


def with_cookie(sent: bytes, cookie: bytes) -> bytes:
    return sent.replace(b"Host: shop.test\r\n", b"Host: shop.test\r\n" + cookie + b"\r\n")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", REQUESTS)
def test_every_byte_is_the_same(trio: Trio, variant: str, name: str) -> None:
    """Otherwise wrapping an application would change what its clients, caches and proxies see."""
    sent, expected = REQUESTS[name]
    sent = with_cookie(sent, trio.cookie)
    bare, cookies = normal(exchange(trio.bare.port, sent))
    assert bare.startswith(expected)
    assert cookies == 0
    assert normal(exchange(trio.named(variant).port, sent)) == (bare, 0)


@pytest.mark.parametrize("name", ["get", "204", "304", "stream", "response headers", "written", "file"])
def test_a_new_visitor_gets_a_cookie_and_else_the_same_bytes(trio: Trio, name: str) -> None:
    """Otherwise a first visit would differ from the next in more than being recognised."""
    sent, _ = REQUESTS[name]
    bare, _ = normal(exchange(trio.bare.port, sent))
    assert normal(exchange(trio.routed.port, sent)) == (bare, 1)
    assert normal(exchange(trio.unrouted.port, sent)) == (bare, 0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_body_is_asked_for_before_it_is_sent(trio: Trio, variant: str) -> None:
    """Otherwise clients that wait for `100 Continue` would hang, or send what is refused anyway."""
    head = request("POST /shop/1 HTTP/1.1", b"Expect: 100-continue", b"Content-Length: 5", trio.cookie)
    bare = exchange_expecting_100(trio.bare.port, head, b"hello")
    assert bare.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
    assert normal(exchange_expecting_100(trio.named(variant).port, head, b"hello")) == normal(bare)


def outcomes(server: Server, name: str) -> int:
    counts: dict[str, int] = server.ask("/state")["outcomes"]
    return counts.get(name, 0)


def test_a_client_that_leaves_ends_the_stream_and_is_no_error(trio: Trio) -> None:
    """Otherwise cancelled downloads would occupy threads for ever, or roll releases back."""
    before, errors = outcomes(trio.routed, "CANCELLED"), outcomes(trio.routed, "ERROR")
    with connected(trio.routed.port) as connection:
        connection.sendall(request("GET /shop/endless HTTP/1.1", trio.cookie))
        read_until(connection, b"more")
    until(lambda: outcomes(trio.routed, "CANCELLED") == before + 1)
    assert outcomes(trio.routed, "ERROR") == errors


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("1", "SUCCESS"),
        ("file", "SUCCESS"),
        ("raises", "ERROR"),
        ("raises-late", "ERROR"),
        ("changes", "ERROR"),
        ("changes-late", "ERROR"),
    ],
)
def test_each_request_is_counted_as_what_it_was(trio: Trio, path: str, outcome: str) -> None:
    """Otherwise a bad release would look good, or a good one bad."""
    before = outcomes(trio.routed, outcome)
    exchange(trio.routed.port, request(f"GET /shop/{path} HTTP/1.1", trio.cookie))
    until(lambda: outcomes(trio.routed, outcome) == before + 1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_100_mb_up_and_down_leave_memory_flat(trio: Trio, variant: str) -> None:
    """Otherwise a few uploads or downloads at once would take the worker down."""
    server = trio.named(variant)
    size = len(MEGABYTE) * MEGABYTES
    worker = server.ask("/state")["pid"]
    upload(server.port, 1, trio.cookie)  # buffers that are made once are no growth
    before = peak(worker, reset=True)
    assert upload(server.port, MEGABYTES, trio.cookie).endswith(b"\r\n\r\n%d" % size)
    with connected(server.port) as connection:
        connection.sendall(request("GET /shop/flood HTTP/1.1", trio.cookie))
        read_until(connection, b"\r\n\r\n")
        assert sum(map(len, iter(lambda: connection.recv(1 << 20), b""))) == size
    assert peak(worker) - before < 20_000_000


def upload(port: int, megabytes: int, cookie: bytes) -> bytes:
    length = b"Content-Length: %d" % (len(MEGABYTE) * megabytes)
    with connected(port) as connection:
        connection.sendall(request("POST /shop/drain HTTP/1.1", length, cookie))
        for _ in range(megabytes):
            connection.sendall(MEGABYTE)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(app: Any) -> Iterator[int]:
    """Serves an application by `wsgiref`, which is validated on both sides, and returns the port."""
    with make_server("127.0.0.1", 0, validator(app), handler_class=Quiet) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", STRICT)
def test_the_standard_librarys_server_and_validator_see_no_difference(name: str) -> None:
    """Otherwise a server that takes the standard at its word would refuse the application behind reliakit."""
    kit, idle = Reliakit(DEFINITIONS), Reliakit({})
    app = validator(transparent_wsgi.bare)
    wrapped = {"unrouted": idle.wsgi(app), "routed": kit.wsgi(app, upstreams={"shop-v2": app})}
    sent, _ = REQUESTS[name]
    with ExitStack() as stack:
        bare, _ = normal(exchange(stack.enter_context(served(app)), sent))
        assert bare.startswith(b"HTTP/1.0 200")
        found = {
            name: normal(exchange(stack.enter_context(served(each)), sent)) for name, each in wrapped.items()
        }
    assert found == {"unrouted": (bare, 0), "routed": (bare, 1)}
    assert kit.close()
    assert idle.close()
