"""Headers and cookies that only some clients may send: believed from those, stripped from all others."""

from collections.abc import Sequence
from dataclasses import dataclass

from reliakit.core.identity import trusts
from reliakit.middleware.cookies import cookie_value
from reliakit.middleware.edge import Edge
from reliakit.middleware.overrides import COOKIE, HEADER, Forced

__all__ = ["Checked", "check"]

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a request's headers, and what was believed of the rest."""

    headers: Headers
    cookies: str
    carried: str | None
    """The targeting key from a trusted proxy's header."""
    forced: Forced | None


def check(edge: Edge, headers: Headers, cookies: str, peer: str | None) -> Checked:
    """Sorts out the guarded headers of a request.

    Args:
        edge: says which they are and whom to believe.
        headers: lower-case names and values, in order.
        cookies: all Cookie headers, joined by `; `.
        peer: the address of the direct peer; None for a unix socket.
    """
    trusted = trusts(edge.identity, peer)
    carried = _last(headers, edge.identity.header) if trusted else None
    forced = _forced(edge, _last(headers, HEADER))
    by_cookie = None if forced else _forced(edge, cookie_value(cookies, COOKIE))
    dropped = {HEADER} if trusted else set(edge.guarded)
    kept = [(name, value) for name, value in headers if name not in dropped]
    if COOKIE in cookies and by_cookie is None:
        kept, cookies = _without_override(kept), _without(cookies)
    return Checked(kept, cookies, carried, forced or by_cookie)


def _last(headers: Headers, wanted: str | None) -> str | None:
    """A proxy that sets a header appends it: what the client sent under that name comes before."""
    return next((value for name, value in reversed(headers) if name == wanted), None)


def _forced(edge: Edge, value: str | None) -> Forced | None:
    return edge.forced(value) if value else None


def _without_override(headers: Headers) -> list[tuple[str, str]]:
    cleaned = [(name, _without(value) if name == "cookie" else value) for name, value in headers]
    return [(name, value) for name, value in cleaned if name != "cookie" or value]


def _without(cookies: str) -> str:
    pairs = [pair for pair in cookies.split(";") if pair.strip().partition("=")[0] != COOKIE]
    return ";".join(pairs).strip()
