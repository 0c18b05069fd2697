"""Tests of a hop's bytes: what exactly is written to an upstream, and what is made of what it writes."""

import asyncio
import threading
from collections.abc import Iterator

from reliakit.testing.upstream_clients import Request
from reliakit.testing.upstream_ground import Hop, UpstreamGround, hop
from reliakit.testing.upstream_server import Peer, answering
from reliakit.upstreams.errors import BadRequest, TooLarge, Unanswered

__all__ = ["ByteContract"]

_SECONDS = 10
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_TRAILING = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-End: 2\r\n\r\n"
)


class ByteContract(UpstreamGround):
    """Framing, hop-by-hop headers, interim responses, trailers, and requests that smuggle."""

    @hop("order")
    async def test_a_request_is_written_as_it_is(self, hop: Hop) -> None:
        """Otherwise the hop would not be transparent."""
        await hop.ask(Request(target=b"/a?b", headers=[(b"x-a", b"1"), (b"x-b", b"\tcaf\xc3\xa9")]))
        expected = [b"GET /a?b HTTP/1.1", b"host: shop.test", b"x-a: 1", b"x-b: \tcaf\xc3\xa9", b"", b""]
        assert hop.seen[0].head.replace(b"Host:", b"host:") == b"\r\n".join(expected)

    @hop()
    async def test_an_unknown_length_is_chunked(self, hop: Hop) -> None:
        """Otherwise an upstream would not know where the body ends."""
        body = [b"one", b"two" * 30_000, b"three"]
        await hop.ask(Request("POST", headers=[(b"transfer-encoding", b"chunked")], body=body))
        (seen,) = hop.seen
        assert seen.values(b"transfer-encoding") == [b"chunked"]
        assert seen.values(b"content-length") == []
        assert _unchunked(seen.body) == b"".join(body)

    @hop("early")
    async def test_each_piece_of_an_upload_passes_when_it_comes(self, hop: Hop) -> None:
        """Otherwise an upload would be kept here until it is whole."""
        arrived = threading.Event()

        def script(peer: Peer) -> None:
            request = peer.request(body=False)
            assert peer.exactly(5) == b"first"
            arrived.set()
            peer.exactly(int(request.values(b"content-length")[0]) - 5)
            peer.send(_OK)
            peer.gone()

        def pieces() -> Iterator[bytes]:
            yield b"first"
            assert arrived.wait(_SECONDS), "it has to go out before"
            yield b"second"

        hop.upstream.script(script)
        reply = await hop.ask(Request("POST", headers=[(b"content-length", b"11")], body=pieces()))
        assert reply.body == b"ok"

    @hop()
    async def test_what_belongs_to_one_hop_ends_here(self, hop: Hop) -> None:
        """Otherwise a client could steer our connection to the upstream, or the upstream the client's."""
        hop.upstream.script(
            answering(
                b"HTTP/1.1 200 OK\r\nConnection: X-Private, keep-alive\r\nX-Private: 1\r\nKeep-Alive: timeout=9\r\n"
                b"Proxy-Authenticate: Basic\r\nTrailer: X-Sum\r\nUpgrade: h2c\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\nok"
            )
        )
        ended = [(b"connection", b"x-secret, keep-alive"), (b"x-secret", b"1"), (b"keep-alive", b"1"), (b"te", b"gzip"), (b"trailer", b"x"), (b"proxy-connection", b"close"), (b"upgrade", b"h2c"), (b"proxy-authorization", b"Basic x")]  # fmt: skip
        reply = await hop.ask(Request(headers=[*ended, (b"x-kept", b"1")]))
        assert hop.seen[0].headers == [(b"host", b"shop.test"), (b"x-kept", b"1")]
        assert reply.headers == [(b"x-kept", b"1"), (b"content-length", b"2")]

    @hop()
    async def test_connection_can_not_take_away_what_frames_or_routes(self, hop: Hop) -> None:
        """Otherwise one header of a client would make upstreams misread its request."""
        headers = [(b"connection", b"host, content-length"), (b"content-length", b"2")]
        await hop.ask(Request("POST", headers=headers, body=[b"ab"]))
        assert (hop.seen[0].values(b"host"), hop.seen[0].body) == ([b"shop.test"], b"ab")

    @hop()
    async def test_interim_responses_are_not_the_answer(self, hop: Hop) -> None:
        """Otherwise clients would get an empty page with the status 103, and the page with the next request."""
        hop.upstream.script(
            answering(
                b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
                + _OK
            )
        )
        reply = await hop.ask()
        assert (reply.status, reply.body, reply.values(b"link")) == (200, b"ok", [])

    @hop("interim")
    async def test_early_hints_pass_where_the_server_takes_them(self, hop: Hop) -> None:
        """Otherwise pages would load later than without us."""
        hop.upstream.script(
            answering(
                b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>\r\n\r\n" + _OK
            )
        )
        reply = await hop.ask(Request(extensions={"http.response.early_hint": {}}))
        hint = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload", b"</b.js>"]}
        assert reply.messages[0] == hint
        assert reply.body == b"ok"

    @hop("trailers")
    async def test_trailers_pass_where_the_server_takes_them(self, hop: Hop) -> None:
        """Otherwise checksums and gRPC's status would be lost."""
        hop.upstream.script(answering(_TRAILING))
        wanted = Request(headers=[(b"te", b"trailers")], extensions={"http.response.trailers": {}})
        reply = await hop.ask(wanted)
        assert reply.messages[0].get("trailers") is True
        last = {
            "type": "http.response.trailers",
            "headers": [(b"x-sum", b"1"), (b"x-end", b"2")],
            "more_trailers": False,
        }
        assert reply.messages[-1] == last
        assert (hop.seen[0].values(b"te"), hop.seen[0].values(b"connection")) == ([b"trailers"], [b"te"])

    @hop()
    async def test_trailers_that_nobody_can_take_are_no_headers(self, hop: Hop) -> None:
        """Otherwise an upstream could add to the head of a response, or to the next one."""
        hop.upstream.script(answering(_TRAILING, _OK))
        replies = [await hop.ask(Request(headers=[(b"te", b"trailers")])) for _ in range(2)]
        assert [(reply.body, reply.complete, reply.values(b"x-sum")) for reply in replies] == [
            (b"ok", True, [])
        ] * 2
        assert hop.seen[0].values(b"te") == []

    @hop("continue")
    async def test_a_body_waits_for_100_continue(self, hop: Hop) -> None:
        """Otherwise a large upload would travel before the upstream could refuse it."""
        asked = threading.Event()

        def script(peer: Peer) -> None:
            request = peer.request(body=False)
            assert request.values(b"expect") == [b"100-continue"]
            assert not asked.wait(0.1), "the client must not be asked for its body yet"
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            assert peer.body(request) == b"body"
            peer.send(_OK)
            peer.gone()

        hop.upstream.script(script)
        assert (await hop.ask(_expecting(asked))).body == b"ok"

    @hop("continue")
    async def test_a_body_that_is_refused_is_not_asked_for(self, hop: Hop) -> None:
        """Otherwise `Expect` would be of no use, and the connection out of step."""
        asked = threading.Event()

        def script(peer: Peer) -> None:
            peer.request(body=False)
            peer.send(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
            assert peer.gone(), "nobody may ask here again: the upstream waits for a body"

        hop.upstream.script(script)
        assert (await hop.ask(_expecting(asked))).status == 417
        assert not asked.is_set()

    @hop("continue")
    async def test_an_upstream_that_knows_no_expectations_gets_the_body(self, hop: Hop) -> None:
        """Otherwise both sides would wait for each other."""
        assert (await hop.ask(_expecting(threading.Event()))).body == b"answer"
        assert hop.seen[0].body == b"body"

    @hop()
    async def test_a_request_that_can_be_read_in_two_ways_is_refused(self, hop: Hop) -> None:
        """Otherwise somebody could smuggle a request past whatever checks the first one."""
        length, chunked = (b"content-length", b"4"), (b"transfer-encoding", b"chunked")
        cases = [
            [length, chunked],
            [(b"content-length", b"+4")],
            [(b"content-length", b"4, 4")],
            [(b"transfer-encoding", b"gzip, chunked")],
            [(b"transfer-encoding", b"xchunked")],
            [(b"x-a", b"1\r\nx-b: 2")],
            [(b"x-a", b"1\nx-b: 2")],
            [(b"x-a", b"\0")],
        ]
        if "order" not in self.lacks:
            cases += [[length, length], [length, (b"content-length", b"5")], [chunked, chunked], [(b"host", b"other")], [(b"x a", b"1")], [(b"x-a:", b"1")], [(b"", b"1")]]  # fmt: skip
        for headers in cases:
            reply = await hop.ask(Request("POST", headers=headers, body=[b"body"]))
            assert isinstance(reply.failed, BadRequest), headers
            assert reply.failed.status == 400
        unhosted = [] if "order" in self.lacks else [Request(host=b"")]
        for request in (*unhosted, Request("CONNECT"), Request("GET "), Request("G\r\nT"), Request(target=b"/a b"), Request(target=b"/a\r\nx: 1"), Request(target=b"/#a"), Request(version="1.0", headers=[chunked], method="POST")):  # fmt: skip
            assert isinstance((await hop.ask(request)).failed, BadRequest), request
        assert hop.seen == []

    @hop()
    async def test_heads_have_a_limit(self, hop: Hop) -> None:
        """Otherwise one client could fill our memory, or find out what upstreams do with a megabyte of headers."""
        cases = [Request(target=b"/" + b"a" * 70_000), Request(headers=[(b"x-a", b"a" * 70_000)])]
        cases += [Request(headers=[(b"x-" + b"a" * 300, b"1")])]
        cases += [Request(headers=[(b"x-%d" % number, b"") for number in range(9000)])]
        for request in cases:
            failed = (await hop.ask(request)).failed
            assert isinstance(failed, TooLarge)
            assert (failed.status, failed.reason) == (431, "head_too_large")
        assert hop.seen == []
        assert (await hop.ask(Request(headers=[(b"x-a", b"a" * 40_000)]))).body == b"answer"

    @hop()
    async def test_a_body_that_is_shorter_than_it_says_is_never_completed(self, hop: Hop) -> None:
        """Otherwise the next request would be taken for a part of this one."""
        cut = threading.Event()

        def script(peer: Peer) -> None:
            try:
                peer.request(body=False)
                peer.exactly(10)
            except (EOFError, ConnectionError):
                cut.set()

        hop.upstream.script(script)
        reply = await hop.ask(Request("POST", headers=[(b"content-length", b"10")], body=[b"four"]))
        assert isinstance(reply.failed, Unanswered)
        assert await asyncio.to_thread(cut.wait, _SECONDS)


def _expecting(asked: threading.Event) -> Request:
    def pieces() -> Iterator[bytes]:
        asked.set()
        yield b"body"

    headers = [(b"content-length", b"4"), (b"expect", b"100-continue")]
    return Request("POST", headers=headers, body=pieces())


def _unchunked(raw: bytes) -> bytes:
    body = b""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        body, raw = body + raw[:length], raw[length + 2 :]
    return body
