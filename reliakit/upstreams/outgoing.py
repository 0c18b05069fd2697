"""From an ASGI scope to a request that can be read in one way only. Pure."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from reliakit.upstreams.errors import BadRequest, TooLarge
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.names import CONNECTION, EXPECT, FRAMING, HOP, INVALID, LOOKALIKE, PROVENANCE, kind_of
from reliakit.upstreams.protocol import Headers, Scope

__all__ = ["CHUNKED", "NO_BODY", "UNSAID", "Outgoing", "outgoing"]

NO_BODY: Final = 0
CHUNKED: Final = -1
"""The body's length: known at its end."""
UNSAID: Final = -2
"""Whether there is a body shows when it is asked for: HTTP/2 needs no header for one."""

_VISIBLE = bytes({*range(0x21, 0x7F)} - {ord("#")})
"""What a target may have; no server that we know lets anything else through."""
_PRINTABLE = b"\t" + bytes({*range(0x20, 0x7F), *range(0x80, 0x100)})
"""What a value may have."""
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_USUAL = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_DIGITS = 18
_LARGEST = 64 * 1024
"""Bytes of a target, or of all headers. Not every server has a limit of its own, and few upstreams take as much."""
_LONGEST_NAME = 256
_EACH = 4
"""Bytes that a header takes beside its name and value."""


@dataclass(slots=True)
class Outgoing:
    """A request as it goes to an upstream."""

    method: str
    target: bytes
    headers: Headers
    """Those of the request that do not end here, in their order, and then those that say where it came from; never
    `transfer-encoding`."""
    length: int
    """Bytes of the body, or CHUNKED, or UNSAID."""
    expects: bool
    """Whether the body waits for 100 Continue."""
    trailers: bool
    """Whether the client wants trailers, and its server can send them."""


def outgoing(scope: Scope, forwarding: Forwarding) -> Outgoing:
    """Returns the request to send.

    Raises:
        BadRequest: it could be read in two ways; the message says why.
    """
    head = _Head(scope)
    target, method = _target(scope), scope.get("method", "GET")
    if method not in _USUAL and (method == "CONNECT" or not method or not _TOKEN.issuperset(method)):
        raise BadRequest("this method can't be passed on")
    headers = head.passed()
    if head.host is None:
        # HTTP/1.0 has none, and 1.1 without one is no request; what we send is 1.1.
        if scope.get("http_version", "1.1") == "1.1":
            raise BadRequest("no host")
        headers.append((b"host", b""))
    if head.trailers:
        headers += ((b"te", b"trailers"), (b"connection", b"te"))
    headers += forwarding.told(scope, head.said, head.host or b"")
    return Outgoing(method, target, headers, head.length(), head.expects, head.trailers)


def _target(scope: Scope) -> bytes:
    """Returns path and query, byte for byte as they came."""
    path = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
    query = scope["query_string"]
    target: bytes = path + b"?" + query if query else path
    if len(target) > _LARGEST:
        raise TooLarge("the target is too long")
    if target.translate(None, _VISIBLE) or not (target[:1] == b"/" or target == b"*"):
        raise BadRequest("the target is no path")
    return target


class _Head:
    """The headers of a request, sorted by what a hop does with them."""

    __slots__ = ("_codings", "_kept", "_lengths", "_named", "_version", "expects", "host", "said", "trailers")

    def __init__(self, scope: Scope) -> None:
        self._version: str = scope.get("http_version", "1.1")
        self._kept: Headers = []
        self._lengths: list[bytes] = []
        self._codings: list[bytes] = []
        self._named: list[bytes] = []
        self.said: Headers = []
        self.host: bytes | None = None
        self.expects = self.trailers = False
        keep = self._kept.append
        headers = scope["headers"]
        size = _EACH * len(headers)
        for pair in headers:
            name = pair[0]
            length = len(name)
            size += length
            if length > _LONGEST_NAME:
                raise TooLarge("the name of a header is too long")
            kind = kind_of(name)
            if kind:
                self._note(kind, pair, scope)
            else:
                keep(pair)
        text = b"".join([value for _, value in headers])
        if size + len(text) > _LARGEST:
            raise TooLarge("the headers are too long")
        if text.translate(None, _PRINTABLE):
            raise BadRequest("the value of a header has a control character")

    def _note(self, kind: int, pair: tuple[bytes, bytes], scope: Scope) -> None:
        name, value = pair
        if kind == INVALID:
            raise BadRequest("the name of a header is no token")
        if kind == CONNECTION:
            self._named.append(value)
        elif kind == FRAMING:
            self._frame(pair)
        elif kind == EXPECT:
            self.expects = self.expects or value.lower() == b"100-continue"
            self._kept.append(pair)
        elif kind == PROVENANCE:
            self._provenance(pair)
        elif kind == HOP and name == b"te":
            offered = "http.response.trailers" in (scope.get("extensions") or ())
            self.trailers = offered and b"trailers" in value.lower()
        else:
            assert kind in (HOP, LOOKALIKE)  # which end here

    def _frame(self, pair: tuple[bytes, bytes]) -> None:
        if pair[0] == b"transfer-encoding":
            self._codings.append(pair[1])
            return
        self._lengths.append(pair[1])
        self._kept.append(pair)

    def _provenance(self, pair: tuple[bytes, bytes]) -> None:
        if pair[0] != b"host":
            self.said.append(pair)
            return
        if self.host is not None:
            raise BadRequest("more than one host")
        self.host = pair[1]
        self._kept.append(pair)

    def passed(self) -> Headers:
        """Returns what goes on: all but what ends at this hop, or what `Connection` says does."""
        if not self._named:
            return self._kept
        named = b",".join(self._named).lower()
        if named in (b"keep-alive", b"close"):
            return self._kept
        # Whoever names these two would make us send a request that nobody can frame or route.
        gone = {name.strip() for name in named.split(b",")} - {b"host", b"content-length"}
        return [pair for pair in self._kept if pair[0] not in gone]

    def length(self) -> int:
        """Returns the bytes of the body, or what is known of them."""
        lengths, codings = self._lengths, self._codings
        if codings:
            if lengths:
                raise BadRequest("both content-length and transfer-encoding")
            if len(codings) > 1 or codings[0].lower() != b"chunked" or self._version == "1.0":
                raise BadRequest("a transfer-encoding other than chunked")
            return CHUNKED
        if not lengths:
            return NO_BODY if self._version.startswith("1") else UNSAID
        if len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > _DIGITS:
            raise BadRequest("a content-length that is no number, or more than one")
        return int(lengths[0])
