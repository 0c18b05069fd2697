"""WebSockets and streams of events through the whole gateway, from a client's socket to an upstream's and back."""

import http.client
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from queue import Queue
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from reliakit.testing.upstream_server import Peer, RawUpstream
from tests.gateway.running import Gateway, gateway

_SECONDS = 10
_numbers = count()
_DEFINITIONS = """
upstreams:
  chat: {{endpoints: [{{url: "http://127.0.0.1:{chat}"}}]}}
  news: {{endpoints: [{{url: "{news}"}}]}}
routes: [{{path_prefix: /chat, upstream: chat}}, {{path_prefix: /, upstream: news}}]
"""
_SAID: list[str | bytes] = ["grüße ☺", bytes(range(256)), "", b"", "x" * 300_000, b"\0" * 300_000]
_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
_EVENTS = [
    b": a comment\n\n",
    b"event: pri",
    b"ce\nid: 1\ndata: gr\xc3\xbc",
    b"\xc3\x9fe\ndata: two lines\n\n",
    b"retry: 5000\r\n\r\n",
    b"data\rid\r\r",
    b"\n",
    b"data: " + b"long " * 20_000 + b"\n\n",
]


@dataclass(slots=True)
class Chat:
    """An upstream that says again what it hears, or what it is told to do: `close CODE`, `ping`, `pieces`.

    Attributes:
        port: where it listens.
        left: the code and the reason with which clients have left, by the path that they came to.
    """

    port: int = 0
    left: "defaultdict[str, Queue[tuple[int | None, str | None]]]" = field(
        default_factory=lambda: defaultdict(Queue)
    )

    def talk(self, connection: ServerConnection) -> None:
        try:
            for message in connection:
                self._answer(connection, message)
        finally:
            assert connection.request is not None
            self.left[connection.request.path].put((connection.close_code, connection.close_reason))

    def heard(self, client: ClientConnection) -> tuple[int | None, str | None]:
        """Waits for how a client has left."""
        assert client.request is not None
        return self.left[client.request.path].get(timeout=_SECONDS)

    def _answer(self, connection: ServerConnection, message: str | bytes) -> None:
        told, _, what = message.partition(" ") if isinstance(message, str) else ("", "", "")
        if told == "close":
            connection.close(int(what), "so long ☺")
        elif told == "ping":
            connection.send("pong" if connection.ping(what.encode()).wait(_SECONDS) else "nothing")
        elif told == "pieces":
            connection.send(iter(what.split()))
        else:
            connection.send(message)


@pytest.fixture(scope="module")
def chat() -> Iterator[Chat]:
    found = Chat()
    with serve(found.talk, "127.0.0.1", 0, compression=None) as server:
        found.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join(_SECONDS)


@pytest.fixture(scope="module")
def news() -> Iterator[RawUpstream]:
    found = RawUpstream()
    yield found
    found.close()


@pytest.fixture(scope="module")
def served(chat: Chat, news: RawUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    definitions = _DEFINITIONS.format(chat=chat.port, news=news.url)
    with gateway(tmp_path_factory.mktemp("sockets"), definitions, workers=1) as found:
        yield found


@pytest.fixture
def client(served: Gateway) -> Iterator[Callable[[], ClientConnection]]:
    with ExitStack() as stack:

        def open_() -> ClientConnection:
            url = f"ws://127.0.0.1:{served.port}/chat/{next(_numbers)}"
            opening = connect(url, compression=None, open_timeout=_SECONDS, close_timeout=_SECONDS)
            return stack.enter_context(opening)

        yield open_


def test_every_kind_of_message_is_heard_as_it_was_said(client: Callable[[], ClientConnection]) -> None:
    """Otherwise a chat would lose, change or split messages."""
    talking = client()
    for said in _SAID:
        talking.send(said)
        assert talking.recv(_SECONDS) == said
    talking.send(iter(["a", "", "bc"]))
    assert talking.recv(_SECONDS) == "abc"
    talking.send(iter([b"\0", b"\xff"]))
    assert talking.recv(_SECONDS) == b"\0\xff"
    talking.send("pieces x y z")
    assert talking.recv(_SECONDS) == "xyz"


def test_pings_are_answered_on_both_sides(client: Callable[[], ClientConnection]) -> None:
    """Otherwise whoever asks whether the other side is still there would hang up a connection that is well."""
    talking = client()
    assert talking.ping(b"\0of a client").wait(_SECONDS)
    talking.send("ping of an upstream")
    assert talking.recv(_SECONDS) == "pong"


@pytest.mark.parametrize("code", _CODES)
def test_close_codes_pass_both_ways(client: Callable[[], ClientConnection], chat: Chat, code: int) -> None:
    """Otherwise nobody could tell a log-out from a failure."""
    talking = client()
    talking.send(f"close {code}")
    with pytest.raises(ConnectionClosed):
        talking.recv(_SECONDS)
    assert (talking.close_code, talking.close_reason) == (code, "so long ☺")
    leaving = client()
    leaving.close(code, "grüße")
    assert chat.heard(leaving) == (code, "grüße")


def test_a_client_that_leaves_without_a_word_has_left(
    client: Callable[[], ClientConnection], chat: Chat
) -> None:
    """Otherwise upstreams would talk to people who are gone. That one of them was lost, uvicorn does not tell."""
    leaving, lost = client(), client()
    with leaving.send_context():
        leaving.protocol.send_close()
    assert chat.heard(leaving)[0] == 1005
    lost.socket.shutdown(socket.SHUT_RDWR)
    assert chat.heard(lost)[0] in (1005, 1006)


def test_events_pass_byte_for_byte_and_each_when_it_is_sent(served: Gateway, news: RawUpstream) -> None:
    """Otherwise a page would miss news, or see them late."""
    gates = [threading.Event() for _ in _EVENTS]

    def script(peer: Peer) -> None:
        peer.request()
        head = b"Content-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close"
        peer.send(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % head)
        for event, gate in zip(_EVENTS, gates, strict=True):
            peer.send(event)
            assert gate.wait(_SECONDS)

    news.script(script)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/news", headers={"Accept": "text/event-stream"})
        response: Any = connection.getresponse()
        told = dict(response.getheaders())
        assert (told["content-type"], told["cache-control"]) == ("text/event-stream", "no-store")
        for event, gate in zip(_EVENTS, gates, strict=True):
            assert response.read(len(event)) == event
            gate.set()
        assert response.read() == b""
    finally:
        connection.close()
    assert not news.failed
