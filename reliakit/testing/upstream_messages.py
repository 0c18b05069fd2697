"""Tests of what passes: heads and bodies, both ways. They hold for an application in this process too."""

import asyncio
import threading
from collections.abc import Iterator

from reliakit.testing.upstream_clients import Request
from reliakit.testing.upstream_ground import Answer, Hop, UpstreamGround, hop

__all__ = ["MessageContract"]

_SECONDS = 10
_BLOCK = bytes(range(256)) * 4096


class MessageContract(UpstreamGround):
    """Heads, bodies, streams, aborts and clients that leave."""

    @hop()
    async def test_the_request_arrives_as_it_was_sent(self, hop: Hop) -> None:
        """Otherwise a signature, a cache key or a route upstream would not match."""
        target = b"/a%2Fb/%7euser/%C3%A9/../x;p=1?q=a+b%20c&q=&r=%e9"
        await hop.ask(Request("PATCH", target, [(b"x-a", b"1"), (b"accept", b"text/*, */*;q=0.1")]))
        (seen,) = hop.seen
        assert seen.line == b"PATCH %b HTTP/1.1" % target
        assert seen.values(b"x-a") == [b"1"]
        assert seen.values(b"accept") == [b"text/*, */*;q=0.1"]
        assert seen.values(b"host") == [b"shop.test"]

    @hop("order")
    async def test_request_headers_keep_their_order_and_duplicates(self, hop: Hop) -> None:
        """Otherwise what an upstream reads from them would change."""
        sent = [(b"x-b", b"1"), (b"cookie", b"a=1"), (b"x-a", b""), (b"x-b", b"2"), (b"cookie", b"b=2")]
        await hop.ask(Request(headers=sent))
        assert [pair for pair in hop.seen[0].headers if pair[0] != b"host"] == sent

    @hop("latin-1")
    async def test_request_values_that_are_no_utf8_arrive_byte_for_byte(self, hop: Hop) -> None:
        """Otherwise old clients' names and cookies would be garbled."""
        await hop.ask(Request(headers=[(b"x-name", b"caf\xe9 \xff")]))
        assert hop.seen[0].values(b"x-name") == [b"caf\xe9 \xff"]

    @hop()
    async def test_status_and_headers_of_the_response_pass(self, hop: Hop) -> None:
        """Otherwise cookies would be lost, or caches misled."""
        told = [
            (b"x-b", b"1"),
            (b"set-cookie", b"a=1"),
            (b"x-a", b"caf\xe9 \xff"),
            (b"x-b", b"2"),
            (b"set-cookie", b"b=2; Path=/"),
        ]
        hop.answers(Answer(418, told, [b"body"]))
        reply = await hop.ask()
        assert (reply.status, reply.body, reply.complete, reply.failed) == (418, b"body", True, None)
        assert [pair for pair in reply.headers if pair[0] != b"content-length"] == told

    @hop()
    async def test_a_length_passes(self, hop: Hop) -> None:
        """Otherwise downloads would show no progress."""
        hop.answers(Answer(headers=[(b"content-length", b"5")], pieces=[b"ab", b"cde"]))
        reply = await hop.ask()
        assert (reply.values(b"content-length"), reply.body) == ([b"5"], b"abcde")

    @hop()
    async def test_responses_without_a_body_end_at_once(self, hop: Hop) -> None:
        """Otherwise the client would wait for bytes that never come, or take those of the next response."""
        cases = [
            ("HEAD", 200, [(b"content-length", b"5")]),
            ("GET", 204, []),
            ("GET", 304, [(b"etag", b'"a"')]),
            ("HEAD", 404, []),
        ]
        for method, status, headers in cases:
            hop.answers(Answer(status, headers))
            async with asyncio.timeout(3):
                reply = await hop.ask(Request(method))
            assert (reply.status, reply.body, reply.complete, reply.failed) == (status, b"", True, None)
            assert reply.values(b"content-length") == [
                value for name, value in headers if name == b"content-length"
            ]
            assert reply.values(b"etag") == [value for name, value in headers if name == b"etag"]

    @hop()
    async def test_each_piece_of_a_response_passes_when_it_comes(self, hop: Hop) -> None:
        """Otherwise server-sent events would arrive late, or together."""
        gates = [threading.Event(), threading.Event()]
        hop.answers(Answer(pieces=[b"one", gates[0], b"two", gates[1], b"three"]))
        came: list[bytes] = []

        def on_piece(piece: bytes) -> bool:
            came.append(piece)
            gates[min(len(came), 2) - 1].set()
            return True

        reply = await hop.ask(None, on_piece)
        assert came == [b"one", b"two", b"three"]
        assert reply.complete

    @hop()
    async def test_a_body_by_length_passes(self, hop: Hop) -> None:
        """Otherwise uploads would be cut, or padded."""
        body = [_BLOCK, b"x", _BLOCK[:70_000]]
        length = sum(map(len, body))
        await hop.ask(Request("PUT", headers=[(b"content-length", b"%d" % length)], body=body))
        assert hop.seen[0].body == b"".join(body)
        assert hop.seen[0].values(b"content-length") == [b"%d" % length]

    @hop()
    async def test_a_large_response_passes(self, hop: Hop) -> None:
        """Otherwise downloads would be cut, or mixed up."""
        hop.answers(Answer(pieces=[_BLOCK, b"x", _BLOCK, _BLOCK]))
        reply = await hop.ask()
        assert reply.complete
        assert reply.body == _BLOCK + b"x" + _BLOCK + _BLOCK

    @hop("early")
    async def test_an_answer_may_come_before_the_body_is_sent(self, hop: Hop) -> None:
        """Otherwise a refused upload would have to be sent in full first, or the refusal be lost."""
        answered = threading.Event()
        hop.answers(Answer(413, [(b"content-length", b"2")], [b"no"], reads=False))

        def pieces() -> Iterator[bytes]:
            yield b"first"
            assert answered.wait(_SECONDS), "the answer has to pass before"

        def on_piece(_: bytes) -> bool:
            answered.set()
            return True

        reply = await hop.ask(
            Request("POST", headers=[(b"content-length", b"5000000")], body=pieces()), on_piece
        )
        assert (reply.status, reply.body) == (413, b"no")

    @hop()
    async def test_a_response_that_is_cut_does_not_look_whole(self, hop: Hop) -> None:
        """Otherwise half a document would be cached, or half a payment list be taken for all of it."""
        for headers in ([(b"content-length", b"10")], []):
            came = threading.Event()
            hop.answers(Answer(headers=headers, pieces=[b"half", came], cut=True))

            def on_piece(_: bytes, came: threading.Event = came) -> bool:
                came.set()
                return True

            reply = await hop.ask(None, on_piece)
            assert (reply.status, reply.body, reply.complete) == (200, b"half", False)
            assert reply.failed is not None

    @hop()
    async def test_a_client_that_leaves_ends_the_request_upstream(self, hop: Hop) -> None:
        """Otherwise upstreams would work for nobody, and connections pile up."""
        answer = Answer(endless=True)
        hop.answers(answer)
        async with asyncio.timeout(_SECONDS):
            await hop.ask(None, lambda _: False)
        assert await asyncio.to_thread(answer.left.wait, _SECONDS)

    @hop()
    async def test_a_request_that_is_cancelled_ends_upstream(self, hop: Hop) -> None:
        """Otherwise a server that shuts down, or times out, would leave requests running."""
        answer, came = Answer(endless=True), threading.Event()
        hop.answers(answer)

        def on_piece(_: bytes) -> bool:
            came.set()
            return not answer.left.is_set()

        asking = asyncio.ensure_future(hop.ask(None, on_piece))
        assert await asyncio.to_thread(came.wait, _SECONDS)
        asking.cancel()
        await asyncio.wait([asking], timeout=_SECONDS)
        assert asking.cancelled()
        if "cancellation" not in self.lacks:
            assert await asyncio.to_thread(answer.left.wait, _SECONDS)
        answer.left.set()

    @hop()
    async def test_many_at_once_get_their_own_answers(self, hop: Hop) -> None:
        """Otherwise somebody would see the page of somebody else."""
        hop.answers(Answer(echo=True))
        replies = await asyncio.gather(*(hop.ask(Request(target=b"/%d" % number)) for number in range(40)))
        assert [reply.body for reply in replies] == [b"/%d" % number for number in range(40)]
