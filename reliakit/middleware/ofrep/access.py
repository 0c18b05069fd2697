"""Who may ask: by bearer token from anywhere, by origin from browsers."""

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256

from reliakit.errors import UsageError

__all__ = ["Origins", "Tokens"]

_SHORTEST = 16
_SCHEME = "bearer"
_ANY = "*"
_MAX_AGE = 600
"""Seconds for which a browser remembers that it may ask."""

Headers = list[tuple[str, str]]


class Tokens:
    """The bearer tokens that open all flags.

    Args:
        tokens: of 16 characters or more; several while one replaces the other.

    Raises:
        UsageError: one is too short.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        given = list(tokens)
        if any(len(token) < _SHORTEST for token in given):
            raise UsageError(
                f"a token of `ofrep_asgi` needs {_SHORTEST} characters or more, or it can be guessed"
            )
        self._digests = [_digest(token.encode()) for token in given]

    def trusts(self, authorization: bytes | None) -> bool | None:
        """Tells whether an `Authorization` header holds one of the tokens; None where there is no header."""
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(b" ")
        digest = _digest(token.strip())
        # Every one is compared, and by digests, so that the time tells neither how far nor which one was right.
        found = [hmac.compare_digest(digest, known) for known in self._digests]
        return scheme.lower() == _SCHEME.encode() and any(found)


class Origins:
    """The web origins whose pages may ask, as browsers name them: `https://shop.example.com`.

    Args:
        origins: exact ones; `*` for every page.

    Raises:
        UsageError: one can't be an origin.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)
        for origin in self._origins - {_ANY}:
            scheme, _, rest = origin.partition("://")
            if not scheme or not rest or "/" in rest or origin != origin.lower():
                raise UsageError(
                    f"{origin!r} is no origin; write it as browsers do: https://shop.example.com"
                )

    def headers(self, headers: Mapping[bytes, bytes], preflight: bool = False) -> Headers:
        """Returns what an answer says to a browser: none of it to those that are not on the list."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        varies = [("vary", "origin")] if self._origins and _ANY not in self._origins else []
        if not origin or not self._origins & {origin, _ANY}:
            return varies
        allowed = ("access-control-allow-origin", _ANY if _ANY in self._origins else origin)
        return [allowed, *varies, *(_PREFLIGHT if preflight else _EXPOSED)]


_EXPOSED = [("access-control-expose-headers", "etag")]
_PREFLIGHT = [
    ("access-control-allow-methods", "POST"),
    ("access-control-allow-headers", "authorization, content-type, if-none-match"),
    ("access-control-max-age", str(_MAX_AGE)),
]


def _digest(token: bytes) -> bytes:
    return sha256(token).digest()
