"""Behind a real uvicorn, nobody can tell a wrapped application from the bare one."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.memory import peak
from tests.servers.raw import connected, exchange, exchange_expecting_100, normal, read_until, request
from tests.servers.serving import Server, until
from tests.servers.transparent_asgi import MEGABYTE, MEGABYTES
from tests.servers.variants import VARIANTS, Trio, at_rest, trio_of

CHUNKED = b"5;why=not\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
JSON = b"Content-Type: application/json"
EVENTS = [b"data: %d\n\n" % number for number in range(3)]

REQUESTS: dict[str, tuple[bytes, bytes]] = {
    "get": (request(), b"HTTP/1.1 200"),
    "head": (request("HEAD /shop/1 HTTP/1.1"), b"HTTP/1.1 200"),
    "head of a stream": (request("HEAD /shop/stream HTTP/1.1"), b"HTTP/1.1 200"),
    "post": (
        request("POST /shop/1 HTTP/1.1", JSON, b"Content-Length: 4", body=b"\x00\xff{}"),
        b"HTTP/1.1 200",
    ),
    "post in chunks": (
        request("POST /shop/1 HTTP/1.1", b"Transfer-Encoding: chunked", body=CHUNKED),
        b"HTTP/1.1 200",
    ),
    "options": (request("OPTIONS * HTTP/1.1", b"Origin: https://shop.test"), b"HTTP/1.1 200"),
    "patch": (request("PATCH /shop/1 HTTP/1.1", b"Content-Length: 0"), b"HTTP/1.1 200"),
    "odd method": (request("PROPFIND /shop/1 HTTP/1.1"), b"HTTP/1.1 200"),
    "http 1.0": (request("GET /shop/stream HTTP/1.0"), b"HTTP/1.1 200"),
    "path bytes": (
        request("GET /shop/a%2Fb/%E2%82%AC/%ff%00;x=1//c/./../%7e?q=%20&q=+&=%2f HTTP/1.1"),
        b"HTTP/1.1 200",
    ),
    "path outside of the route": (request("GET /%73hop%2f HTTP/1.1"), b"HTTP/1.1 200"),
    "request headers": (
        request("GET /shop/1 HTTP/1.1", b"X-B: 1", b"x-a: caf\xe9 \xff", b"X-B: 2", b"X-Empty:"),
        b"HTTP/1.1 200",
    ),
    "204": (request("GET /shop/empty HTTP/1.1"), b"HTTP/1.1 204"),
    "304": (request("GET /shop/not-modified HTTP/1.1", b'If-None-Match: "a"'), b"HTTP/1.1 304"),
    "503": (request("GET /shop/fails HTTP/1.1"), b"HTTP/1.1 503"),
    "stream": (request("GET /shop/stream HTTP/1.1"), b"HTTP/1.1 200"),
    "response headers": (request("GET /shop/duplicates HTTP/1.1"), b"HTTP/1.1 200"),
    "exception before the start": (request("GET /shop/raises HTTP/1.1"), b"HTTP/1.1 500"),
    "exception in a stream": (request("GET /shop/raises-late HTTP/1.1"), b"HTTP/1.1 200"),
    "exception before the promised length": (request("GET /shop/raises-short HTTP/1.1"), b"HTTP/1.1 200"),
    "no answer": (request("GET /shop/silent HTTP/1.1"), b"HTTP/1.1 500"),
    "several on one connection": (
        request(last=False)
        + request("POST /shop/2 HTTP/1.1", b"Content-Length: 2", body=b"ab", last=False)
        + request("GET /shop/stream HTTP/1.1", last=False)
        + request("GET /shop/4 HTTP/1.1"),
        b"HTTP/1.1 200",
    ),
    "not http": (b"HELLO\r\n\r\n", b"HTTP/1.1 400"),
}


@pytest.fixture(scope="module", params=["httptools", "h11"])
def trio(request: Any, tmp_path_factory: Any) -> Iterator[Trio]:
    command = ["-m", "uvicorn", "tests.servers.transparent_asgi:VARIANT", "--port", "PORT"]
    with trio_of(
        [*command, "--http", request.param, "--log-level", "critical"],
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


@pytest.mark.parametrize("name", ["get", "204", "304", "503", "stream", "response headers"])
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
    wrapped = exchange_expecting_100(trio.named(variant).port, head, b"hello")
    assert normal(wrapped) == normal(bare)


@pytest.mark.parametrize("variant", ["bare", *VARIANTS])
def test_server_sent_events_arrive_one_by_one(trio: Trio, variant: str) -> None:
    """Otherwise live pages would get their news in one piece at the end, or never."""
    port = trio.named(variant).port
    with connected(port) as connection:
        connection.sendall(request(f"GET /shop/events?{variant} HTTP/1.1", trio.cookie))
        for event in EVENTS:
            read_until(connection, event + b"\r\n")  # would time out: the next one is not made before we ask
            exchange(port, request(f"GET /shop/next?{variant} HTTP/1.1", trio.cookie))
        assert read_until(connection, b"0\r\n\r\n") == b"0\r\n\r\n"


def tasks(server: Server) -> int:
    found: int = server.ask("/state")["tasks"]
    return found


def added(server: Server, before: dict[str, Any]) -> dict[str, int]:
    """Returns the outcomes that were counted since, when all is done."""
    now, then = at_rest(server)["outcomes"], before["outcomes"]
    return {kind: count - then.get(kind, 0) for kind, count in now.items() if count != then.get(kind, 0)}


def test_a_client_that_leaves_takes_its_task_along(trio: Trio) -> None:
    """Otherwise closed browser tabs would leak tasks, or roll releases back."""
    server = trio.routed
    before = at_rest(server)
    with connected(server.port) as connection:
        connection.sendall(request("GET /shop/endless HTTP/1.1", trio.cookie))
        read_until(connection, b"more")
        assert tasks(server) > before["tasks"]
    assert added(server, before) == {"CANCELLED": 1}
    until(lambda: tasks(server) == before["tasks"])


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("1", "SUCCESS"),
        ("fails", "ERROR"),
        ("raises", "ERROR"),
        ("raises-late", "ERROR"),
        ("silent", "ERROR"),
    ],
)
def test_each_request_is_counted_as_what_it_was(trio: Trio, path: str, outcome: str) -> None:
    """Otherwise a bad release would look good, or a good one bad."""
    before = at_rest(trio.routed)
    exchange(trio.routed.port, request(f"GET /shop/{path} HTTP/1.1", trio.cookie))
    assert added(trio.routed, before) == {outcome: 1}


@pytest.mark.parametrize("variant", ["bare", *VARIANTS])
def test_a_client_that_does_not_read_stops_the_application(trio: Trio, variant: str) -> None:
    """Otherwise one slow phone would fill the server's memory with a download."""
    server = trio.named(variant)
    idle = at_rest(server)["tasks"]
    with connected(server.port) as connection:
        connection.sendall(request(f"GET /shop/flood?slow-{variant} HTTP/1.1", trio.cookie))
        read_until(connection, b"\r\n\r\n")
        seen: list[bytes] = []

        def stalled() -> bool:
            answer = exchange(
                server.port, request(f"GET /shop/produced?slow-{variant} HTTP/1.1", trio.cookie)
            )
            seen.append(answer.rpartition(b"\r\n\r\n")[2])
            return len(seen) > 20 and len(set(seen[-20:])) == 1

        until(stalled)
        assert int(seen[-1]) < MEGABYTES // 2
    until(lambda: tasks(server) == idle)


@pytest.mark.parametrize("variant", VARIANTS)
def test_100_mb_up_and_down_leave_memory_flat(trio: Trio, variant: str) -> None:
    """Otherwise a few uploads or downloads at once would take the process down."""
    server = trio.named(variant)
    size = len(MEGABYTE) * MEGABYTES
    upload(server.port, 1, trio.cookie)  # buffers that are made once are no growth
    before = peak(server.process.pid, reset=True)
    assert upload(server.port, MEGABYTES, trio.cookie).endswith(b"\r\n\r\n%d" % size)
    with connected(server.port) as connection:
        connection.sendall(request(f"GET /shop/flood?{variant} HTTP/1.0", trio.cookie))
        read_until(connection, b"\r\n\r\n")
        assert sum(map(len, iter(lambda: connection.recv(1 << 20), b""))) == size
    assert peak(server.process.pid) - before < 20_000_000


def upload(port: int, megabytes: int, cookie: bytes) -> bytes:
    length = b"Content-Length: %d" % (len(MEGABYTE) * megabytes)
    with connected(port) as connection:
        connection.sendall(request("POST /shop/drain HTTP/1.1", length, cookie))
        for _ in range(megabytes):
            connection.sendall(MEGABYTE)
        return b"".join(iter(lambda: connection.recv(65536), b""))
