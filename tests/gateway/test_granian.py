"""The gateway on granian: the same requests, the same answers."""

import json
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from tests.gateway.running import Gateway, Upstream, gateway, get, upstream
from tests.servers.raw import connected, exchange, read_until
from tests.servers.raw import request as raw


@pytest.fixture(scope="module")
def shop() -> Iterator[Upstream]:
    with upstream("blue") as found:
        yield found


@pytest.fixture(scope="module")
def served(shop: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    definitions = f"""
upstreams: {{shop: {{endpoints: [{{url: "{shop.url}"}}]}}}}
routes: [{{path_prefix: /, upstream: shop}}]
listen: {{server: granian, header_bytes: 32768}}
"""
    with gateway(tmp_path_factory.mktemp("granian"), definitions, workers=1) as found:
        yield found
        found.process.terminate()
        assert found.process.wait(20) == 0, found.log


def test_a_request_passes_as_it_is(served: Gateway) -> None:
    """Otherwise the choice of a server would change what an application is asked."""
    status, _, body = get(served.port, "/caf%C3%A9/%2e/a//b;c?x=1&y=%7e")
    assert (status, json.loads(body)["target"]) == (200, "/caf%C3%A9/%2e/a//b;c?x=1&y=%7e")
    assert served.shown("/-/ready")["status"] == "ready"


def test_streams_and_websockets_pass(served: Gateway) -> None:
    """Otherwise pages that stay open would work with one server alone."""
    with connected(served.port) as client:
        client.sendall(raw("GET /events HTTP/1.1"))
        read_until(client, b"data: first\n\n\r\n")
        get(served.port, "/release")
        read_until(client, b"data: second\n\n\r\n")
    url = f"ws://127.0.0.1:{served.port}/chat"
    with connect(url, subprotocols=["chat"], compression=None) as client:  # type: ignore[list-item]
        client.send("hello")
        assert client.recv(5) == "hello"


@pytest.mark.parametrize(
    "sent",
    [
        raw("POST / HTTP/1.1", b"Content-Length: 1", b"Content-Length: 2", body=b"XY"),
        raw("GET / HTTP/1.1", b"X-A: one\r\n two"),
        raw("GET / HTTP/1.1", b"Host: other.test"),
        raw("POST / HTTP/1.1", b"Transfer-Encoding: gzip", body=b"0\r\n\r\n"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(served: Gateway, sent: bytes) -> None:
    """Otherwise somebody could smuggle a request past the gateway."""
    assert exchange(served.port, sent).startswith(b"HTTP/1.1 400 ")


def test_a_second_request_in_the_body_of_the_first_stays_there(served: Gateway) -> None:
    """Otherwise it would be answered to whoever comes next. Where both lengths are said granian believes the chunks, as
    the standard has it, and the upstream hears of nothing else.
    """
    hidden = b"GET /hidden HTTP/1.1\r\nHost: shop.test\r\n\r\n"
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
    sent = raw("POST / HTTP/1.1", b"Content-Length: 4", b"Transfer-Encoding: chunked", body=chunked)
    response = exchange(served.port, sent)
    assert response.count(b"HTTP/1.1 ") == 1
    assert b"/hidden" not in response


def test_headers_that_are_too_large_are_refused(served: Gateway) -> None:
    """Otherwise one client could fill the memory of a worker."""
    response = exchange(served.port, raw("GET / HTTP/1.1", b"X-A: " + b"a" * 100_000))
    assert response.startswith(b"HTTP/1.1 431 ") or response.endswith(b"<reset>")
