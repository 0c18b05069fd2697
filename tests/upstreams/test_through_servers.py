"""From a client's socket through a real server and the transport to an upstream's socket, and back."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from reliakit.testing.upstream_server import Peer, RawUpstream, answering
from tests.servers.raw import connected, exchange, read_to_end, read_until, request
from tests.upstreams.gateways import gateway

_SECONDS = 10
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module", params=["uvicorn, httptools", "granian"])
def running(request: pytest.FixtureRequest) -> Iterator[tuple[int, RawUpstream]]:
    upstream = RawUpstream()
    with gateway(request.param, upstream.url) as port:
        yield port, upstream
    upstream.close()


@pytest.fixture
def served(running: Any) -> Iterator[tuple[int, RawUpstream]]:
    _, upstream = running
    upstream.seen.clear()
    yield running
    assert not upstream.failed


def _script(upstream: RawUpstream, *responses: bytes) -> None:
    """Each on a connection of its own, since the pool is the module's."""
    upstream.script(
        answering(*(response.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) for response in responses))
    )


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    ],
)
def test_a_cut_response_stays_cut(served: Any, response: bytes):
    """Otherwise a client, or a cache in between, would keep half a document as a whole one."""
    port, upstream = served
    sent = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response)
        assert sent.wait(_SECONDS)

    upstream.script(script)
    with connected(port) as client:
        client.sendall(request())
        head = read_until(client, b"half")
        sent.set()
        rest = read_to_end(client)
    assert head.startswith(b"HTTP/1.1 200")
    assert b"0\r\n\r\n" not in rest


def test_responses_without_a_body_pass_as_they_are(served: Any):
    """Otherwise a client would wait for a body, or lose step with the server."""
    port, upstream = served
    for line, response in (
        ("HEAD / HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("GET / HTTP/1.1", b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n"),
        ("GET / HTTP/1.1", b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n"),
    ):  # fmt: skip
        _script(upstream, response)
        answer = exchange(port, request(line))
        assert answer.split(b" ")[1] == response.split(b" ")[1]
        assert answer.endswith(b"\r\n\r\n")
        assert answer.count(b"\r\n\r\n") == 1
        assert (b"content-length: 5" in answer.lower()) == line.startswith("HEAD")


def test_a_client_is_asked_for_its_body_when_the_upstream_wants_it(served: Any):
    """Otherwise an upload that the upstream refuses would travel all the same."""
    port, upstream = served
    asked = threading.Event()

    def script(peer: Peer) -> None:
        found = peer.request(body=False)
        asked.set()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert peer.body(found) == b"body"
        peer.send(_OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

    upstream.script(script)
    with connected(port) as client:
        client.sendall(request("POST / HTTP/1.1", b"Content-Length: 4", b"Expect: 100-continue"))
        assert b" 100 " in read_until(client, b"\r\n\r\n")
        assert asked.is_set()
        client.sendall(b"body")
        assert read_to_end(client).endswith(b"ok")


def test_a_client_that_hangs_up_ends_the_request_upstream(served: Any):
    """Otherwise upstreams would work for nobody."""
    port, upstream = served
    gone = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.gone()
        gone.set()

    upstream.script(script)
    client = socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)
    client.sendall(request())
    client.close()
    assert gone.wait(3)


def test_events_pass_as_they_come(served: Any):
    """Otherwise a page would show news late."""
    port, upstream = served
    gates = [threading.Event(), threading.Event()]

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for number, gate in enumerate(gates):
            peer.send(b"data: %d\n\n" % number)
            assert gate.wait(_SECONDS)

    upstream.script(script)
    with connected(port) as client:
        client.sendall(request())
        for number, gate in enumerate(gates):
            assert b"data: %d\n\n" % number in read_until(client, b"data: %d\n\n" % number)
            gate.set()
        assert b"data" not in read_to_end(client)


def test_an_early_answer_reaches_a_client_that_still_sends(served: Any):
    """Otherwise the reason why an upload was refused would be lost."""
    port, upstream = served

    def script(peer: Peer) -> None:
        peer.request(body=False)
        peer.send(b"HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")

    upstream.script(script)
    with connected(port) as client:
        client.sendall(request("POST / HTTP/1.1", b"Content-Length: 1000000"))
        client.sendall(b"x" * 100_000)
        assert read_until(client, b"big").startswith(b"HTTP/1.1 413")
