"""What a header's name makes of it, for a hop."""

import re
from functools import lru_cache

__all__ = [
    "CONNECTION",
    "EXPECT",
    "FRAMING",
    "HOP",
    "INVALID",
    "LOOKALIKE",
    "PLAIN",
    "PROVENANCE",
    "kind_of",
]

PLAIN = 0
"""Passes as it is. Zero, since that is asked for each header of each request."""
HOP = 1
"""Says something to the next hop alone."""
FRAMING = 2
"""Says where the body ends."""
CONNECTION = 3
"""Names others that end at this hop."""
PROVENANCE = 4
"""Says where a request came from, or under what host: we write it, or add to it."""
EXPECT = 5
LOOKALIKE = 6
"""With an underscore where one of the above has a dash: CGI, and so WSGI, can't tell them apart."""
INVALID = 7
"""No token, so that two parsers could take it for two different names."""

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HOP = frozenset(
    b"keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer upgrade http2-settings".split()
)
_KINDS = {
    **dict.fromkeys(_HOP, HOP),
    b"connection": CONNECTION,
    b"content-length": FRAMING,
    b"transfer-encoding": FRAMING,
    b"host": PROVENANCE,
    b"forwarded": PROVENANCE,
    b"via": PROVENANCE,
    b"x-real-ip": PROVENANCE,
    b"expect": EXPECT,
}


# Bounded, since clients choose names; and a dictionary's speed for those that are always the same.
@lru_cache(1024)
def kind_of(name: bytes) -> int:
    """Returns what a header is, by its name in small letters."""
    if not _TOKEN.fullmatch(name):
        return INVALID
    if b"_" in name:
        return LOOKALIKE if _kind(name.replace(b"_", b"-")) else PLAIN
    return _kind(name)


def _kind(name: bytes) -> int:
    return PROVENANCE if name.startswith(b"x-forwarded-") else _KINDS.get(name, PLAIN)
