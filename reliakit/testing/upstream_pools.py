"""Tests of kept connections: reused, bounded, expired, found dead, and never out of step."""

import asyncio
import socket
import threading
from collections.abc import Callable

from reliakit.testing.upstream_clients import Request
from reliakit.testing.upstream_ground import PLAIN, Answer, Hop, UpstreamGround, hop
from reliakit.testing.upstream_server import Peer, Script, answering
from reliakit.upstreams.errors import ConnectionLost, ConnectTimeout, PoolFull, may_retry
from reliakit.upstreams.settings import Settings

__all__ = ["PoolContract"]

_SECONDS = 10
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
_EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
_TWO = Settings(connect=5.0, read=5.0, connections=2, wait=0.3)
_PATIENT = Settings(connect=5.0, read=5.0, connections=2, wait=_SECONDS)
_SHORT = Settings(connect=5.0, read=5.0, keep_alive=0.2)


class PoolContract(UpstreamGround):
    """Connections that serve more than one request."""

    @hop()
    async def test_a_connection_serves_many_requests(self, hop: Hop) -> None:
        """Otherwise each request would cost a handshake."""
        hop.answers(Answer(headers=[(b"content-length", b"1")], pieces=[b"x"]))
        requests = [
            Request(),
            Request("HEAD"),
            Request("POST", headers=[(b"content-length", b"1")], body=[b"x"]),
        ]
        for request in requests * 3:
            assert (await hop.ask(request)).status == 200
        assert len(hop.seen) == 9
        assert {seen.connection for seen in hop.seen} == {0}

    @hop()
    async def test_a_connection_that_was_told_to_close_is_not_used_again(self, hop: Hop) -> None:
        """Otherwise the next request would be lost."""
        hop.upstream.script(answering(_LAST))
        assert [(await hop.ask()).body for _ in range(3)] == [b"ok"] * 3
        assert hop.upstream.accepted == 3

    @hop(settings=_TWO)
    async def test_no_more_connections_than_allowed_and_a_bounded_wait(self, hop: Hop) -> None:
        """Otherwise a slow upstream would be drowned, or clients wait for ever."""
        gate = threading.Event()
        hop.answers(Answer(pieces=[gate, b"x"]))
        asking = [
            asyncio.ensure_future(hop.ask(Request("POST", headers=[(b"content-length", b"0")])))
            for _ in range(5)
        ]
        await asyncio.wait(asking, timeout=0.8)
        full = [task.result().failed for task in asking if task.done()]
        gate.set()
        replies = await asyncio.gather(*asking)
        assert hop.upstream.accepted <= 2
        assert len(full) == 3
        for failed in full:
            assert isinstance(failed, PoolFull)
            assert (failed.status, failed.reason, may_retry(failed, "POST")) == (503, "pool_full", True)
        assert sum(reply.complete for reply in replies) == 2

    @hop(settings=_PATIENT)
    async def test_those_who_wait_get_connections_that_become_free(self, hop: Hop) -> None:
        """Otherwise a short burst would be refused."""
        hop.answers(Answer(echo=True))
        replies = await asyncio.gather(*(hop.ask(Request(target=b"/%d" % number)) for number in range(20)))
        assert [reply.body for reply in replies] == [b"/%d" % number for number in range(20)]
        assert hop.upstream.accepted <= 2

    @hop("cancellation", settings=_PATIENT)
    async def test_a_wait_that_is_given_up_takes_no_place(self, hop: Hop) -> None:
        """Otherwise each client that leaves while it waits would make the pool smaller, until it is none."""
        for _ in range(3):
            gate = threading.Event()
            hop.answers(Answer(pieces=[gate, b"x"]))
            busy = [asyncio.ensure_future(hop.ask()) for _ in range(2)]
            await _until(lambda: hop.upstream.accepted >= 2 and len(hop.seen) % 2 == 0)
            waiting = [asyncio.ensure_future(hop.ask()) for _ in range(3)]
            await asyncio.sleep(0)
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)
            gate.set()
            assert [reply.body for reply in await asyncio.gather(*busy)] == [b"x"] * 2
        hop.answers(Answer(pieces=[b"x"]))
        assert [reply.body for reply in await asyncio.gather(hop.ask(), hop.ask())] == [b"x"] * 2

    @hop(settings=_SHORT)
    async def test_a_connection_that_rests_for_too_long_is_closed(self, hop: Hop) -> None:
        """Otherwise it would be used in the moment in which the upstream closes it."""
        closed = threading.Event()

        def script(peer: Peer) -> None:
            peer.request()
            peer.send(_OK)
            peer.gone()
            closed.set()

        hop.upstream.script(script)
        await hop.ask()
        if "expiry" not in self.lacks:
            assert await asyncio.to_thread(closed.wait, _SECONDS)
        await asyncio.sleep(0.3)
        assert (await hop.ask()).body == b"ok"
        assert hop.upstream.accepted == 2

    @hop()
    async def test_a_connection_that_turns_out_to_be_dead_is_replaced(self, hop: Hop) -> None:
        """Otherwise clients would see the keep-alive of the upstream as errors."""
        hop.upstream.script(_answers_once_then_hangs_up, answering(_OK, _OK))
        assert (await hop.ask()).body == b"ok"
        reply = await hop.ask()
        assert (reply.body, reply.failed) == (b"ok", None)
        assert hop.upstream.accepted == 2

    @hop()
    async def test_a_post_is_not_sent_twice(self, hop: Hop) -> None:
        """Otherwise somebody would pay twice."""
        hop.upstream.script(_answers_once_then_hangs_up, answering(_OK))
        await hop.ask()
        failed = (await hop.ask(Request("POST", headers=[(b"content-length", b"1")], body=[b"x"]))).failed
        assert isinstance(failed, ConnectionLost)
        assert not may_retry(failed, "POST")
        assert len(hop.seen) == 2

    @hop("peeking")
    async def test_a_connection_that_the_upstream_closed_meanwhile_is_not_used(self, hop: Hop) -> None:
        """Otherwise each POST after a pause would fail, since it can't be sent twice."""
        closed = threading.Event()

        def closing(peer: Peer) -> None:
            peer.request()
            peer.send(_OK)
            peer.socket.shutdown(socket.SHUT_RDWR)
            closed.set()

        hop.upstream.script(closing, answering(_OK))
        await hop.ask()
        assert closed.wait(_SECONDS)
        reply = await hop.ask(Request("POST", headers=[(b"content-length", b"1")], body=[b"x"]))
        assert (reply.body, reply.failed) == (b"ok", None)

    @hop("strict")
    async def test_bytes_that_nobody_asked_for_are_no_answer(self, hop: Hop) -> None:
        """Otherwise an upstream, or who smuggled a request to it, could choose what the next client sees."""
        tails = {
            "a second response": (_OK + _EVIL, b""),
            "half of one": (_OK + _EVIL[:9], _EVIL[9:]),
            "a byte": (_OK + b"H", b""),
            "later": (_OK, _EVIL),
            "after a 304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n" + _EVIL, b""),
        }
        for first, second in tails.values():
            told = threading.Event()
            hop.upstream.script(_saying(first, second, told), answering(_OK, _LAST))
            assert (await hop.ask()).body in (b"ok", b"")
            assert await asyncio.to_thread(told.wait, _SECONDS)
            for request in (Request(), Request("POST", headers=[(b"content-length", b"0")])):
                reply = await hop.ask(request)
                assert (reply.body, reply.failed) == (b"ok", None)

    @hop("strict")
    async def test_what_follows_the_answer_to_a_head_is_no_answer(self, hop: Hop) -> None:
        """Otherwise an upstream that sends a body where none belongs would shift all later responses by one."""
        for tail in (b"evil", _EVIL, b"5\r\n", b"\r\n"):
            told = threading.Event()
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
            hop.upstream.script(_saying(head + tail, b"", told), answering(_LAST))
            assert (await hop.ask(Request("HEAD"))).complete
            assert await asyncio.to_thread(told.wait, _SECONDS)
            reply = await hop.ask()
            assert (reply.body, reply.failed) == (b"ok", None)

    @hop()
    async def test_a_connection_that_was_left_in_the_middle_is_not_used_again(self, hop: Hop) -> None:
        """Otherwise the rest of one answer would be the beginning of the next."""
        left = Answer(endless=True)
        hop.answers(left, Answer(pieces=[b"x"]))
        await hop.ask(None, lambda _: False)
        assert (await hop.ask()).body == b"x"
        assert hop.upstream.accepted == 2

    @hop("dialling")
    async def test_a_connection_that_does_not_come_about_is_a_timeout(self, hop: Hop) -> None:
        """Otherwise a host that swallows packets would hang clients."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            address = listener.getsockname()
            stuffed = [socket.socket() for _ in range(4)]
            for each in stuffed:
                each.setblocking(False)
                each.connect_ex(address)
            transport = self.make_transport(f"http://127.0.0.1:{address[1]}", Settings(connect=0.3), PLAIN)
            failed = (await self.ask(transport, Request(), None)).failed
            for each in stuffed:
                each.close()
            closing = transport.close()
            if closing is not None:
                await closing
        assert isinstance(failed, ConnectTimeout)
        assert (failed.status, failed.reason, may_retry(failed, "POST")) == (504, "connect_timeout", True)


def _answers_once_then_hangs_up(peer: Peer) -> None:
    """Takes the second request before it hangs up, so that no look at the socket could tell."""
    peer.request()
    peer.send(_OK)
    peer.request()


def _saying(first: bytes, second: bytes, told: threading.Event) -> Script:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(first)
        if second:
            threading.Event().wait(0.05)  # so that it comes by itself
            peer.send(second)
        told.set()
        peer.gone()

    return script


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_SECONDS):
        while not holds():  # noqa: ASYNC110 - what a thread does sets no event of asyncio
            await asyncio.sleep(0.01)
