"""What servers make of requests that two parsers could read differently, and what of it reaches an upstream.

uvicorn with httptools, the default, refuses all of them. Others set some right: then the upstream sees one request,
written anew, that can be read in one way only.
"""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from reliakit.testing.upstream_server import Peer, RawUpstream
from tests.upstreams.gateways import SERVERS, gateway

_GET, _POST, _HOST = b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\n", b"Host: shop.test\r\n"
_EMPTY = b"\r\n0\r\n\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"

CASES = {
    "CL and TE": _POST + _HOST + b"Content-Length: 5\r\n" + _CHUNKED + _EMPTY,
    "TE and CL": _POST + _HOST + _CHUNKED + b"Content-Length: 5\r\n" + _EMPTY,
    "two lengths": _POST + _HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "one length twice": _POST + _HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": _POST + _HOST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a signed length": _POST + _HOST + b"Content-Length: +5\r\n\r\nhello",
    "an odd coding": _POST + _HOST + b"Transfer-Encoding: xchunked\r\n" + _EMPTY,
    "two codings": _POST + _HOST + b"Transfer-Encoding: gzip, chunked\r\n" + _EMPTY,
    "chunked in 1.0": b"POST / HTTP/1.0\r\n" + _HOST + _CHUNKED + _EMPTY,
    "a space before the colon": _POST + _HOST + b"Transfer-Encoding : chunked\r\n" + _EMPTY,
    "a folded header": _GET + _HOST + b"X-A: 1\r\n folded\r\n\r\n",
    "a folded coding": _POST + _HOST + b"Transfer-Encoding:\r\n chunked\r\n" + _EMPTY,
    "bare LF": b"GET / HTTP/1.1\nHost: shop.test\n\n",
    "bare LF in a value": _GET + _HOST + b"X-A: 1\nX-B: 2\r\n\r\n",
    "bare CR in a value": _GET + _HOST + b"X-A: 1\rX-B: 2\r\n\r\n",
    "NUL": _GET + _HOST + b"X-A: 1\0\r\n\r\n",
    "a chunk that ends in LF": _POST + _HOST + _CHUNKED + b"\r\n5\nhello\r\n0\r\n\r\n",
    "a chunk of 0x5": _POST + _HOST + _CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "two hosts": _GET + _HOST + b"Host: other.test\r\n\r\n",
    "no host": _GET + b"\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\n" + _HOST + b"\r\n",
    "CONNECT": b"CONNECT other.test:80 HTTP/1.1\r\n" + _HOST + b"\r\n",
}
SET_RIGHT = {
    "uvicorn, httptools": set[str](),
    "uvicorn, h11": {"one length twice", "a list of lengths", "a folded header", "a folded coding", "bare LF", "bare LF in a value"},
    "granian": {"no host", "CL and TE", "TE and CL", "one length twice", "bare LF", "bare LF in a value"},
}  # fmt: skip


def _for_ever(peer: Peer) -> None:
    while True:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture(scope="module", params=list(SERVERS))
def served(request: pytest.FixtureRequest) -> Iterator[tuple[str, int, RawUpstream]]:
    upstream = RawUpstream()
    upstream.script(_for_ever)
    with gateway(request.param, upstream.url) as port:
        yield request.param, port, upstream
    upstream.close()
    assert not upstream.failed


@pytest.mark.parametrize("case", CASES)
def test_a_request_that_can_be_read_in_two_ways(served: Any, case: str):
    """Otherwise somebody could hide a request in another one, from whatever checks the first."""
    server, port, upstream = served
    upstream.seen.clear()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(CASES[case])
        # Not to the end: a server that hears the end of the client may take it for gone, and answer nothing.
        answer = client.recv(65536)
    if case not in SET_RIGHT[server]:
        assert upstream.seen == []
        assert not answer.startswith(b"HTTP/1.1 2")
        return
    (seen,) = upstream.seen
    assert b"\n" not in seen.head.replace(b"\r\n", b"")
    assert b"\r\n " not in seen.head
    lengths, codings = seen.values(b"content-length"), seen.values(b"transfer-encoding")
    assert len(lengths) + len(codings) <= 1
    assert codings in ([], [b"chunked"])
