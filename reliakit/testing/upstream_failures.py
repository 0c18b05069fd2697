"""Tests of upstreams that fail: silent, broken, lying or gone."""

import asyncio
import socket
import threading
from time import monotonic

from reliakit.testing.upstream_clients import Request
from reliakit.testing.upstream_ground import PLAIN, QUICK, Hop, UpstreamGround, hop
from reliakit.testing.upstream_server import Peer, Script, answering
from reliakit.upstreams.errors import (
    Aborted,
    BadResponse,
    ConnectFailed,
    ConnectionLost,
    ResponseTimeout,
    Unanswered,
    may_retry,
)
from reliakit.upstreams.settings import Settings

__all__ = ["FailureContract"]

_OK = b"HTTP/1.1 200 OK\r\n"
_IMPATIENT = Settings(connect=5.0, read=0.4, wait=0.3)
_MALFORMED = [
    b"hello\r\n\r\n",
    b"HTTP/1.1 abc OK\r\n\r\n",
    _OK + b"No colon\r\n\r\n",
    _OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    _OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    _OK + b"Content-Length: -5\r\n\r\nhello",
    _OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
    _OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello",
    b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
]
_ONLY_LENIENT_PARSERS = [
    _OK + b"X-A: 1\r\n folded\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    _OK + b"X-A : 1\r\nContent-Length: 0\r\n\r\n",
    _OK + b"X-A: a\0b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    _OK + b"X-A: %b\r\n\r\n" % (b"a" * 400_000),
]
_CUT = [
    _OK + b"Content-Length: 10\r\n\r\nhalf",
    _OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    _OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n4\r\nan",
    _OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
]


class FailureContract(UpstreamGround):
    """What is told of a failure, and that nothing of it reaches another request."""

    @hop()
    async def test_nothing_that_listens_is_a_failed_connection(self, hop: Hop) -> None:
        """Otherwise nobody could ask another endpoint instead, though nothing has happened yet."""
        with socket.create_server(("127.0.0.1", 0)) as unused:
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        transport = self.make_transport(url, QUICK, PLAIN)
        request = Request("POST", headers=[(b"content-length", b"4")], body=[b"body"])
        failed = (await self.ask(transport, request, None)).failed
        closing = transport.close()
        if closing is not None:
            await closing
        assert isinstance(failed, ConnectFailed)
        assert (failed.status, failed.reason, may_retry(failed, "POST")) == (502, "connect_failed", True)

    @hop()
    async def test_what_is_no_response_is_told_as_such(self, hop: Hop) -> None:
        """Otherwise garbage would be passed on, or two readers would see two different responses in it."""
        await self._all_bad(hop, _MALFORMED)

    @hop("strict")
    async def test_what_only_lenient_parsers_understand_is_no_response(self, hop: Hop) -> None:
        """Otherwise an upstream could hide a header, or a second response, from those who read strictly."""
        await self._all_bad(hop, _ONLY_LENIENT_PARSERS)

    async def _all_bad(self, hop: Hop, responses: list[bytes]) -> None:
        for response in responses:
            hop.upstream.script(_once(response))
            reply = await hop.ask(Request("POST", headers=[(b"content-length", b"0")]))
            assert isinstance(reply.failed, BadResponse | ConnectionLost), (response[:60], reply)
            assert (reply.failed.status, reply.failed.acted, reply.messages) == (502, True, [])

    @hop()
    async def test_a_response_that_is_cut_anywhere_is_no_whole_one(self, hop: Hop) -> None:
        """Otherwise half a document would be cached."""
        for response in _CUT:
            for reset in (False, True):
                came = threading.Event()
                hop.upstream.script(_cut(response, came, reset))

                def on_piece(_: bytes, came: threading.Event = came) -> bool:
                    came.set()
                    return True

                reply = await hop.ask(Request("POST", headers=[(b"content-length", b"0")]), on_piece)
                assert not reply.complete, (response, reset)
                assert isinstance(reply.failed, Aborted), (response, reset)

    @hop()
    async def test_a_body_that_ends_with_its_connection_is_whole_then(self, hop: Hop) -> None:
        """Otherwise old servers could not be upstreams."""
        for head in (b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"):
            hop.upstream.script(_once(head + b"to the end"))
            reply = await hop.ask()
            assert (reply.body, reply.complete, reply.failed) == (b"to the end", True, None)

    @hop()
    async def test_an_upstream_that_hangs_up_has_not_answered(self, hop: Hop) -> None:
        """Otherwise an empty response would be made of it, or the request be sent twice that may not be."""
        hop.upstream.script(_once(b""))
        failed = (await hop.ask(Request("POST", headers=[(b"content-length", b"0")]))).failed
        assert isinstance(failed, ConnectionLost)
        assert (failed.status, failed.acted, may_retry(failed, "POST"), len(hop.seen)) == (
            502,
            True,
            False,
            1,
        )

    @hop("single")
    async def test_a_new_connection_that_is_lost_is_not_tried_again(self, hop: Hop) -> None:
        """Otherwise a request that kills an upstream would kill it twice; whoever knows others may decide on that."""
        hop.upstream.script(_once(b""))
        failed = (await hop.ask()).failed
        assert isinstance(failed, ConnectionLost)
        assert (may_retry(failed, "GET"), len(hop.seen)) == (True, 1)

    @hop(settings=_IMPATIENT)
    async def test_silence_before_the_response_is_a_timeout(self, hop: Hop) -> None:
        """Otherwise a hung upstream would hang its clients."""
        left = threading.Event()

        def script(peer: Peer) -> None:
            peer.request()
            peer.gone()
            left.set()

        hop.upstream.script(script)
        begun = monotonic()
        failed = (await hop.ask()).failed
        assert isinstance(failed, ResponseTimeout)
        assert (failed.status, failed.reason) == (504, "response_timeout")
        assert 0.3 < monotonic() - begun < 5
        assert await asyncio.to_thread(left.wait, 10), "the upstream has to be told"

    @hop(settings=_IMPATIENT)
    async def test_silence_within_the_response_aborts_it(self, hop: Hop) -> None:
        """Otherwise half a response would hang, or look whole."""
        hop.upstream.script(answering(_OK + b"Content-Length: 10\r\n\r\nhalf"))
        reply = await hop.ask()
        assert (reply.body, reply.complete) == (b"half", False)
        assert isinstance(reply.failed, Aborted)

    @hop("total", settings=Settings(total=0.5))
    async def test_a_response_that_drips_for_too_long_is_ended(self, hop: Hop) -> None:
        """Otherwise an upstream could hold a connection for ever, a byte at a time."""
        dripping = threading.Event()

        def script(peer: Peer) -> None:
            peer.request()
            peer.send(_OK + b"Content-Length: 1000\r\n\r\n")
            while not dripping.wait(0.05):
                peer.send(b".")

        hop.upstream.script(script)
        reply = await hop.ask()
        dripping.set()
        assert isinstance(reply.failed, Aborted)
        assert not reply.complete

    @hop(settings=_IMPATIENT)
    async def test_a_slow_client_is_no_silent_upstream(self, hop: Hop) -> None:
        """Otherwise uploads over bad networks would be refused in the upstream's name."""

        def pieces() -> object:
            yield b"slow"
            threading.Event().wait(0.8)
            yield b"body"

        request = Request("POST", headers=[(b"content-length", b"8")], body=pieces())  # type: ignore[arg-type]
        reply = await hop.ask(request)
        assert (reply.body, reply.failed) == (b"answer", None)

    @hop()
    async def test_every_failure_is_one_of_ours(self, hop: Hop) -> None:
        """Otherwise a gateway would answer 500, and count the failure as its own."""
        for script in (_once(b""), _once(b"HTT"), _once(_OK), _once(_OK + b"A"), _reset):
            hop.upstream.script(script)
            failed = (await hop.ask()).failed
            assert isinstance(failed, Unanswered), failed
            assert failed.status == 502


def _once(response: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response)

    return script


def _cut(response: bytes, came: threading.Event, reset: bool) -> Script:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response)
        assert came.wait(10)
        if reset:
            peer.reset()

    return script


def _reset(peer: Peer) -> None:
    peer.request()
    peer.reset()
