"""What the tests of a transport stand on: what they ask of the class that inherits them, and how they run."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from reliakit.testing.upstream_clients import OnPiece, Reply, Request, ask_asgi
from reliakit.testing.upstream_server import Peer, RawUpstream, Seen
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.protocol import Headers
from reliakit.upstreams.settings import Settings

__all__ = ["PLAIN", "QUICK", "Answer", "Hop", "UpstreamGround", "hop"]

QUICK = Settings(connect=5.0, read=5.0, wait=0.3, continue_after=0.3)
PLAIN = Forwarding(via=False, x_forwarded=False, forwarded=False)
_SECONDS = 10


@dataclass(slots=True)
class Answer:
    """What an upstream does with a request, in words that an application in this process understands too.

    Attributes:
        pieces: of the body; an event among them is waited for.
        cut: whether it breaks off after them.
        reads: whether it reads the request's body first.
        echo: whether its body is the target that was asked for.
        endless: whether it goes on until the client has left, and then sets `left`.
    """

    status: int = 200
    headers: Headers = field(default_factory=list)
    pieces: list[bytes | threading.Event] = field(default_factory=list)
    cut: bool = False
    reads: bool = True
    echo: bool = False
    endless: bool = False
    left: threading.Event = field(default_factory=threading.Event)

    def serve(self, peer: Peer) -> bool:
        """Does it on a raw connection, and tells whether another request may follow there."""
        request = peer.request(body=self.reads)
        head = b"".join(b"%b: %b\r\n" % pair for pair in self.headers)
        bodiless = self.status in (204, 304) or request.line.startswith(b"HEAD")
        lengths = [value for name, value in self.headers if name.lower() == b"content-length"]
        framing = b"" if bodiless or lengths else b"Transfer-Encoding: chunked\r\n"
        peer.send(b"HTTP/1.1 %d Whatever\r\n%b%b\r\n" % (self.status, head, framing))
        for piece in [request.line.split()[1]] if self.echo else self.pieces:
            if isinstance(piece, threading.Event):
                assert piece.wait(_SECONDS)
            elif not bodiless:
                peer.send(b"%x\r\n%b\r\n" % (len(piece), piece) if framing else piece)
        if self.endless:
            with suppress(ConnectionError):
                while True:
                    peer.send(b"4\r\nmore\r\n")
            self.left.set()
        if framing and not self.cut:
            peer.send(b"0\r\n\r\n")
        return not self.cut and not self.endless


class Hop:
    """A client, a transport and an upstream of raw sockets."""

    def __init__(self, ground: "UpstreamGround", settings: Settings, forwarding: Forwarding) -> None:
        self._ground = ground
        self.upstream = ground.make_upstream()
        self.upstream.script(self._script)
        self.answers(Answer(pieces=[b"answer"]))
        self.transport = ground.make_transport(self.upstream.url, settings, forwarding)

    def answers(self, *answers: Answer) -> None:
        """Says what the upstream does with the next requests; the last answer goes on for ever."""
        self._answers = list(answers)

    def _script(self, peer: Peer) -> None:
        while True:
            peer.ready()
            if not (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]).serve(peer):
                return

    @property
    def seen(self) -> list[Seen]:
        """The requests that arrived."""
        return self.upstream.seen

    async def ask(self, request: Request | None = None, on_piece: OnPiece | None = None) -> Reply:
        """Asks through the transport."""
        return await self._ground.ask(self.transport, request or Request(), on_piece)

    async def close(self) -> None:
        closing = self.transport.close()
        if inspect.isawaitable(closing):
            await closing
        await asyncio.to_thread(self.upstream.close)
        assert not self.upstream.failed, self.upstream.failed


class UpstreamGround:
    """What the contracts ask for; `reliakit.testing.upstreams` says how they are used."""

    within: ClassVar[float] = 30.0
    lacks: ClassVar[frozenset[str]] = frozenset()

    def make_transport(self, url: str, settings: Settings, forwarding: Forwarding) -> Any:
        """Returns a transport to the upstream at `url`."""
        raise NotImplementedError

    def make_upstream(self) -> RawUpstream:
        """Returns the upstream; another one than this speaks TLS, or listens on a unix socket."""
        return RawUpstream()

    async def ask(self, transport: Any, request: Request, on_piece: OnPiece | None) -> Reply:
        """Asks once; a WSGI transport is asked by `ask_wsgi`."""
        return await ask_asgi(transport, request, on_piece)

    def make_hop(self, settings: Settings, forwarding: Forwarding) -> Any:
        """Returns what a test talks to."""
        return Hop(self, settings, forwarding)


Work = Callable[..., Coroutine[Any, Any, None]]


def hop(
    needs: str = "", settings: Settings = QUICK, forwarding: Forwarding = PLAIN
) -> Callable[[Work], Callable[[Any], None]]:
    """Makes a test of a coroutine: it gets a loop and a hop, and is skipped where the transport lacks what it needs."""

    def decorate(work: Work) -> Callable[[Any], None]:
        def test(self: UpstreamGround) -> None:
            if needs in self.lacks:
                pytest.skip(f"this transport can't do it: {needs}")
            asyncio.run(_working(self, work, settings, forwarding))

        # Not functools.wraps: pytest would see through it, and look for fixtures that are called like the arguments.
        test.__name__, test.__qualname__, test.__doc__ = work.__name__, work.__qualname__, work.__doc__
        return test

    return decorate


async def _working(ground: UpstreamGround, work: Work, settings: Settings, forwarding: Forwarding) -> None:
    made = ground.make_hop(settings, forwarding)
    before = asyncio.all_tasks()
    try:
        async with asyncio.timeout(ground.within):
            await work(ground, made)
    finally:
        await made.close()
    # A task that was cancelled needs a turn of the loop to end.
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before, "it has left tasks behind"
