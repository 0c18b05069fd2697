"""`reliakit serve` as people meet it: what passes, what is refused, and what the admin endpoints say."""

import json
import socket

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.gateway.running import Gateway, get
from tests.servers.raw import connected, exchange, read_until
from tests.servers.raw import request as raw
from tests.servers.serving import until


def _problem(port: int, host: str, path: str = "/") -> tuple[int, str]:
    """Asks for what can't be answered; returns the status and the reason."""
    status, headers, body = get(port, path, Host=host)
    told = json.loads(body)
    assert headers["Content-Type"] == "application/problem+json"
    assert told["status"] == status
    return status, told["reliakit"]


def test_a_request_passes_as_it_is(served: Gateway) -> None:
    """Otherwise an application behind the gateway sees other paths than its clients wrote."""
    status, headers, body = get(served.port, "/caf%C3%A9/%2e/a//b;c?x=1&y=%7e")
    told = json.loads(body)
    assert (status, told["target"]) == (200, "/caf%C3%A9/%2e/a//b;c?x=1&y=%7e")
    assert ["via", "1.1 reliakit"] in told["headers"]
    assert headers.get_all("Server") == ["uvicorn"]
    assert len(headers.get_all("Date") or ()) == 1


def test_an_answer_can_be_had_from_every_worker(served: Gateway) -> None:
    """Otherwise workers beside the first would be there for nothing."""
    workers = served.workers()
    assert len(set(workers)) == 2

    def counted() -> list[int]:
        get(served.port, "/")
        return [each.get("requests", 0) for each in served.shown("/-/health")["workers"]]

    until(lambda: all(counted()), 30)


@pytest.mark.parametrize(
    ("host", "path", "status", "reason"),
    [
        ("gone.test", "/", 502, "connect_failed"),
        ("impatient.test", "/never", 504, "response_timeout"),
        ("nobody.test", "/", 404, "no_route"),
    ],
)
def test_our_own_errors_say_what_kind_they_are(
    served: Gateway, host: str, path: str, status: int, reason: str
) -> None:
    """Otherwise nobody could tell an upstream that is gone from one that is slow, or from a wrong route."""
    assert _problem(served.port, host, path) == (status, reason)


def test_a_full_pool_is_told_from_an_upstream_that_is_down(served: Gateway) -> None:
    """Otherwise people would restart services that are only busy."""
    busy = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(8)]
    try:
        for each in busy:
            each.sendall(b"GET /never HTTP/1.1\r\nHost: narrow.test\r\n\r\n")
        until(lambda: get(served.port, "/", Host="narrow.test")[0] == 503, 10)
        until(lambda: _problem(served.port, "narrow.test") == (503, "pool_full"), 10)
    finally:
        for each in busy:
            each.close()


def test_a_second_endpoint_answers_where_the_first_is_gone(served: Gateway) -> None:
    """Otherwise one server that is down costs every other request."""
    assert [get(served.port, "/", Host="partly.test")[0] for _ in range(20)] == [200] * 20


def test_a_response_that_is_cut_never_looks_whole(served: Gateway) -> None:
    """Otherwise clients would keep half a file for a whole one."""
    response = exchange(served.port, raw("GET /cut HTTP/1.1"))
    assert response.startswith(b"HTTP/1.1 200")
    assert response.endswith(b"half")
    until(lambda: "a response was cut" in served.log, 5)
    assert "Traceback" not in served.log


def test_events_arrive_when_they_are_sent(served: Gateway) -> None:
    """Otherwise a stream of events would come all at once, at its end."""
    with connected(served.port) as client:
        client.sendall(raw("GET /events HTTP/1.1"))
        read_until(client, b"data: first\n\n\r\n")
        get(served.port, "/release")
        read_until(client, b"data: second\n\n\r\n")


def test_a_websocket_passes_with_its_messages_and_its_end(served: Gateway) -> None:
    """Otherwise chats and live pages would have to go around the gateway."""
    url = f"ws://127.0.0.1:{served.port}/chat"
    with connect(url, subprotocols=["chat"], compression=None) as client:  # type: ignore[list-item]
        assert client.subprotocol == "chat"
        client.send("hello")
        assert client.recv(5) == "hello"
        client.send(b"\x00\xff")
        assert client.recv(5) == b"\x00\xff"
        client.send("bye")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(5)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4321, "so long")


_CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "sent",
    [
        raw("POST / HTTP/1.1", b"Content-Length: 5", _CHUNKED, body=b"0\r\n\r\nX"),
        raw("POST / HTTP/1.1", _CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\nX"),
        raw("POST / HTTP/1.1", b"Content-Length: 1", b"Content-Length: 2", body=b"XY"),
        raw("POST / HTTP/1.1", b"Content-Length: 1", b"Content-Length: 1", body=b"X"),
        raw("POST / HTTP/1.1", b"Content-Length: 1, 1", body=b"X"),
        raw("POST / HTTP/1.1", b"Content-Length: +1", body=b"X"),
        raw("POST / HTTP/1.1", b"Content-Length : 1", body=b"X"),
        raw("POST / HTTP/1.1", b"Content-Length:\r\n 1", body=b"X"),
        raw("GET / HTTP/1.1", b"X-A: one\r\n two"),
        raw("GET / HTTP/1.1", b"X-A: 1\nX-B: 2"),
        raw("GET / HTTP/1.1", b"X-A: 1\rX-B: 2"),
        raw("GET / HTTP/1.1", b"X-A: 1\0"),
        raw("GET / HTTP/1.1").replace(b"\r\n", b"\n"),
        raw("POST / HTTP/1.1", _CHUNKED, body=b"1\nX\r\n0\r\n\r\n"),
        raw("POST / HTTP/1.1", _CHUNKED, body=b"0x1\r\nX\r\n0\r\n\r\n"),
        raw("POST / HTTP/1.1", b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
        raw("POST / HTTP/1.1", b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
        raw("POST / HTTP/1.1", b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
        raw("POST / HTTP/1.1", _CHUNKED, _CHUNKED, body=b"0\r\n\r\n"),
        raw("POST / HTTP/1.0", _CHUNKED, body=b"0\r\n\r\n"),
        raw("GET / HTTP/1.1", b"Host: other.test"),
        raw("GET http://other.test/ HTTP/1.1"),
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        raw("GET /a b HTTP/1.1"),
        raw("CONNECT other.test:443 HTTP/1.1"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused(served: Gateway, sent: bytes) -> None:
    """Otherwise somebody could smuggle a request past the gateway, into another one's connection."""
    response = exchange(served.port, sent)
    assert response.startswith(b"HTTP/1.1 400 ")
    assert response.count(b"HTTP/1.1") == 1
    assert b'"reliakit": "bad_request"' in response


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (raw("GET /" + "a" * 4096 + " HTTP/1.1"), 414),
        (raw("GET / HTTP/1.1", *[b"X-%d: %d" % (n, n) for n in range(5000)]), 431),
        (raw("GET / HTTP/1.1", b"X-A: " + b"a" * 40_000), 431),
        (b"GET / HTTP/1.1\r\nHost: shop.test\r\nX-A: " + b"a" * 100_000, 431),
        (raw("GET / HTTP/2.0"), 505),
    ],
    ids=["target", "many headers", "a large header", "a header without end", "version"],
)
def test_what_is_too_large_is_refused(served: Gateway, sent: bytes, status: int) -> None:
    """Otherwise one client could fill the memory of a worker."""
    response = exchange(served.port, sent)
    assert response.startswith(b"HTTP/1.1 %d " % status) or response.endswith(b"<reset>")


def test_trailers_are_no_headers(served: Gateway) -> None:
    """Otherwise a client could add headers that nobody has checked, after they were."""
    body = b"1\r\nX\r\n0\r\nX-Smuggled: 1\r\n\r\n"
    response = exchange(served.port, raw("POST / HTTP/1.1", _CHUNKED, body=body))
    assert b'"size": 1' in response
    assert b"smuggled" not in response


def test_admin_endpoints_say_who_answers_and_for_whom(served: Gateway) -> None:
    """Otherwise numbers of one worker would be taken for those of all."""
    for path, word in (("/-/health", "healthy"), ("/-/ready", "ready")):
        told = served.shown(path)
        assert told["status"] == word
        assert told["answered_by"] == {"role": "supervisor", "pid": served.process.pid}
        assert len(told["workers"]) == 2
    status = served.shown("/-/status")
    assert {each["pid"] for each in status["gateway"]["workers"]} == set(served.workers())
    until(lambda: served.shown("/-/status")["scope"]["workers"] == 2, 10)
    metrics = get(served.admin, "/-/metrics")[2]
    assert b"reliakit_fleet_workers 2" in metrics
    assert get(served.port, "/-/status")[2] != get(served.admin, "/-/status")[2]


def test_each_request_is_a_line_of_the_access_log(served: Gateway) -> None:
    """Otherwise nobody could tell afterwards what was asked."""
    get(served.port, '/logged?quote="', Host="shop.test")

    def line() -> dict | None:
        lines = [each for each in served.log.splitlines() if "/logged" in each]
        return json.loads(lines[0]) if lines else None

    found = until(line, 5)
    assert (found["method"], found["status"], found["client"]) == ("GET", 200, "127.0.0.1")
    assert found["seconds"] > 0


@pytest.mark.parametrize("pipelined", [1, 3])
def test_a_client_that_leaves_is_left_by_the_upstream_too(served: Gateway, pipelined: int) -> None:
    """Otherwise every impatient client would leave a request behind that nobody reads."""
    with connected(served.port) as client:
        client.sendall(raw("GET /never HTTP/1.1", last=False) * pipelined)
        until(lambda: _in_flight(served) >= 1, 10)
    until(lambda: _in_flight(served) == 0, 10)


def _in_flight(served: Gateway) -> int:
    return sum(each.get("in_flight", 0) for each in served.shown("/-/health")["workers"])
