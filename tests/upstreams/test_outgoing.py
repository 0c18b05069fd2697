"""Whatever a server hands us, an upstream reads one request, the same that we meant; or there is none."""

from typing import Any

import h11
import httptools
from hypothesis import example, given
from hypothesis import strategies as st

from reliakit.upstreams.errors import BadRequest
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.http1.exchange import _head
from reliakit.upstreams.outgoing import CHUNKED, UNSAID, outgoing

_NAMES = [
    b"host", b"content-length", b"transfer-encoding", b"connection", b"te", b"upgrade", b"expect", b"cookie", b"x-a",
    b"x-forwarded-for", b"x_forwarded_for", b"forwarded", b"via", b"content_length", b"keep-alive", b"trailer",
]  # fmt: skip
_VALUES = [b"5", b"5, 5", b"+5", b"chunked", b"gzip, chunked", b"close", b"host, x-a", b"", b"a\r\nx: 1", b"\xff", b"100-continue"]  # fmt: skip

_names = st.sampled_from(_NAMES) | st.binary(max_size=8)
_values = st.sampled_from(_VALUES) | st.binary(max_size=12)
_headers = st.lists(st.tuples(_names, _values), max_size=8)
_targets = st.sampled_from([b"/", b"*", b"/a%20b", b"//x", b"http://other/"]) | st.binary(max_size=12).map(
    b"/".__add__
)
_methods = st.sampled_from(["GET", "POST", "HEAD", "CONNECT", "PROPFIND"]) | st.text(max_size=6)


class _Read:
    """What a strict parser makes of a head."""

    def __init__(self, raw: bytes) -> None:
        self.target, self.headers, self.begun = b"", [], 0  # type: tuple[bytes, list[Any], int]
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(raw)
        self.method: bytes = parser.get_method()

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


@given(method=_methods, target=_targets, query=st.binary(max_size=6), headers=_headers, version=st.sampled_from(["1.0", "1.1", "2"]))  # fmt: skip
@example(
    "POST", b"/", b"", [(b"host", b"a"), (b"content-length", b"5"), (b"connection", b"content-length")], "1.1"
)
@example("GET", b"/", b"", [(b"host", b"a"), (b"content-length ", b"5")], "1.1")
def test_a_request_is_read_as_it_was_meant(
    method: str, target: bytes, query: bytes, headers: Any, version: str
):
    """Otherwise something could hide in a request, and come out at the upstream."""
    scope = {
        "method": method,
        "raw_path": target,
        "query_string": query,
        "headers": headers,
        "http_version": version,
        "scheme": "http",
        "client": ("203.0.113.7", 1),
    }
    try:
        request = outgoing(scope, Forwarding())
    except BadRequest:
        return
    raw = _head(request)
    _agrees_with_h11(raw, request.method, request.target)
    if method not in ("GET", "HEAD", "POST", "PROPFIND"):
        return  # httptools knows some methods only
    read = _Read(raw)
    assert read.begun == 1
    assert (read.method, read.target) == (method.encode(), request.target)
    expected = [(name, value.strip(b" \t")) for name, value in request.headers]
    framing = [(b"transfer-encoding", b"chunked")] if request.length == CHUNKED else []
    assert [(name, value.rstrip(b" \t")) for name, value in read.headers] == [*expected, *framing]
    lengths = [value for name, value in read.headers if name == b"content-length"]
    assert lengths == (
        [b"%d" % request.length] if lengths and request.length not in (CHUNKED, UNSAID) else []
    )


def _agrees_with_h11(raw: bytes, method: str, target: bytes) -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(raw)
    event = server.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (method.encode(), target)
