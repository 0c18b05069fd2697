"""From the head of an upstream's response to what a client's server is told. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reliakit.upstreams.errors import BadResponse
from reliakit.upstreams.names import CONNECTION, FRAMING, HOP, kind_of
from reliakit.upstreams.protocol import Headers

__all__ = ["CHUNKED", "TO_THE_END", "Incoming", "incoming"]

CHUNKED: Final = -1
"""The body's length: known at its end."""
TO_THE_END: Final = -2
"""The body's length: it ends with the connection."""
_BODILESS = (204, 304)


@dataclass(slots=True)
class Incoming:
    """The head of a response."""

    status: int
    headers: Headers
    """Those that do not end at this hop, names in small letters."""
    length: int
    """Bytes of the body; or CHUNKED, or TO_THE_END. 0 where it has none, whatever its headers say."""
    closing: bool = False
    """Whether the upstream said that it hangs up afterwards."""


def incoming(status: int, received: Headers, *, head: bool, version: Callable[[], str]) -> Incoming:
    """Returns the head of a response.

    Args:
        status: of HTTP.
        received: names in small letters.
        head: whether it answers a HEAD.
        version: tells which HTTP the upstream speaks, where that matters.

    Raises:
        BadResponse: it could be read in two ways.
    """
    if not 100 <= status <= 599:
        raise BadResponse(f"it answered with the status {status}")
    kept: Headers = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    named = b""
    for pair in received:
        kind = kind_of(pair[0])
        if not kind:
            kept.append(pair)
        elif kind == FRAMING:
            if pair[0] == b"content-length":
                lengths.append(pair[1])
                kept.append(pair)
            else:
                codings.append(pair[1])
        elif kind == CONNECTION:
            named = named + b"," + pair[1].lower()
        elif kind != HOP:
            kept.append(pair)
    closing = False
    if named and named != b",keep-alive":
        gone = {name.strip() for name in named.split(b",")} - {b"content-length"}
        closing = b"close" in gone
        kept = [pair for pair in kept if pair[0] not in gone]
    length = _length(lengths, codings, version)
    if status in _BODILESS or status < 200:
        # A server that counts the bytes of a body would wait for those that a 304 only tells of.
        return Incoming(status, [pair for pair in kept if pair[0] != b"content-length"], 0, closing)
    return Incoming(status, kept, 0 if head else length, closing)


def _length(lengths: list[bytes], codings: list[bytes], version: Callable[[], str]) -> int:
    if codings:
        if lengths:
            raise BadResponse("it sent both content-length and transfer-encoding")
        if len(codings) > 1 or codings[0].lower() != b"chunked" or version() != "1.1":
            raise BadResponse("it sent a transfer-encoding other than chunked")
        return CHUNKED
    if not lengths:
        return TO_THE_END
    if len(lengths) > 1 or not lengths[0].isdigit():
        raise BadResponse("it sent a content-length that is no number, or more than one")
    return int(lengths[0])
