"""WebSockets pass a wrapped application as they pass a bare one, message by message and byte by byte."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.servers.raw import connected, exchange, normal, read_until, request
from tests.servers.serving import Server, until
from tests.servers.variants import VARIANTS, Trio, at_rest, trio_of

HANDSHAKE = (
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    b"Sec-WebSocket-Version: 13",
)
Transcript = list[Any]


@pytest.fixture(scope="module", params=["websockets", "websockets-sansio"])
def trio(request: Any, tmp_path_factory: Any) -> Iterator[Trio]:
    command = ["-m", "uvicorn", "tests.servers.transparent_asgi:VARIANT", "--port", "PORT"]
    with trio_of(
        [*command, "--ws", request.param, "--log-level", "critical"], tmp_path_factory.mktemp("websockets")
    ) as servers:
        yield servers


def talk(socket: ClientConnection) -> Transcript:
    heard: Transcript = []
    for message in ("héllo", b"\x00\xff", "", "x" * 100_000):
        socket.send(message)
        heard.append(socket.recv(timeout=10))
    heard.append(socket.ping().wait(10))
    socket.close(4321, "enough")
    return [*heard, socket.close_code, socket.close_reason]


def be_closed(socket: ClientConnection) -> Transcript:
    socket.send("close")
    return hang_on(socket)


def break_it(socket: ClientConnection) -> Transcript:
    socket.send("raise")
    return hang_on(socket)


def hang_on(socket: ClientConnection) -> Transcript:
    with suppress(ConnectionClosed):
        raise AssertionError(socket.recv(timeout=10))
    return [socket.close_code, socket.close_reason]


def conversation(server: Server, part: Callable[[ClientConnection], Transcript], cookie: bytes) -> Transcript:
    name, _, value = cookie.decode().partition(": ")
    with connect(
        f"ws://127.0.0.1:{server.port}/shop/talk",
        subprotocols=["chat.v1", "chat.v2"],  # type: ignore[list-item]
        additional_headers={name: value},
    ) as socket:
        return [socket.subprotocol, *part(socket)]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("part", "ending"),
    [(talk, [4321, "enough"]), (be_closed, [4001, "as you wish"]), (break_it, [1006, ""])],
)
def test_a_conversation_is_the_same(trio: Trio, variant: str, part: Any, ending: Any) -> None:
    """Otherwise chats and live pages would break, or learn wrong reasons for their end."""
    bare = conversation(trio.bare, part, trio.cookie)
    assert bare[0] == "chat.v2"
    assert bare[-2:] == ending
    assert conversation(trio.named(variant), part, trio.cookie) == bare


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("path", "status"), [("refused", 403), ("denied", 451)])
def test_a_refused_handshake_has_the_same_bytes(trio: Trio, variant: str, path: str, status: int) -> None:
    """Otherwise clients would not learn why they were refused."""
    sent = request(f"GET /shop/{path} HTTP/1.1", *HANDSHAKE, trio.cookie, last=False)
    bare, _ = normal(exchange(trio.bare.port, sent))
    assert bare.startswith(b"HTTP/1.1 %d" % status)
    assert normal(exchange(trio.named(variant).port, sent)) == (bare, 0)


@pytest.mark.parametrize(("variant", "cookies"), [("unrouted", 0), ("routed", 1)])
def test_an_accepted_handshake_has_the_same_bytes_but_a_new_visitors_cookie(
    trio: Trio, variant: str, cookies: int
) -> None:
    """Otherwise a browser would refuse the connection, or never be recognised."""
    bare, _ = normal(handshake(trio.bare.port))
    assert bare.startswith(b"HTTP/1.1 101")
    assert bare.lower().index(b"x-b: 1") < bare.lower().index(b"x-b: 2")
    assert normal(handshake(trio.named(variant).port)) == (bare, cookies)


def handshake(port: int) -> bytes:
    with connected(port) as connection:
        connection.sendall(request("GET /shop/talk HTTP/1.1", *HANDSHAKE, last=False))
        return read_until(connection, b"\r\n\r\n")


@pytest.mark.parametrize(
    ("path", "outcome"), [("talk", "SUCCESS"), ("abrupt", "CANCELLED"), ("refused", "CLIENT_ERROR")]
)
def test_each_conversation_is_counted_as_what_it_was(trio: Trio, path: str, outcome: str) -> None:
    """Otherwise people who close a tab, which some frameworks raise on, would roll releases back."""
    server = trio.routed
    before = at_rest(server)["outcomes"].get(outcome, 0)
    sent = request(f"GET /shop/{path} HTTP/1.1", *HANDSHAKE, trio.cookie, last=False)
    with connected(server.port) as connection:
        connection.sendall(sent)
        read_until(connection, b"\r\n\r\n")
    assert at_rest(server)["outcomes"].get(outcome, 0) == before + 1


def test_a_client_that_hangs_up_takes_its_task_along(trio: Trio) -> None:
    """Otherwise every closed page would leak a task."""
    server = trio.routed
    idle = at_rest(server)["tasks"]
    with connected(server.port) as connection:
        connection.sendall(request("GET /shop/talk HTTP/1.1", *HANDSHAKE, trio.cookie, last=False))
        read_until(connection, b"\r\n\r\n")
        assert server.ask("/state")["tasks"] > idle
    until(lambda: server.ask("/state")["tasks"] == idle)
