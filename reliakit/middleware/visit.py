"""Who sent a request, as far as the edge can know."""

from reliakit.core.identity import Identity, KeySource
from reliakit.middleware.cookies import AnonymousCookie

__all__ = ["Visit"]


class Visit:
    """One request's visitor. Nothing is read before somebody asks, and a cookie is made only for those whose key
    was needed: pages that check no flag stay cacheable.

    Args:
        identity: whom to believe.
        cookie: reads and makes the cookie's value.
        carried: the key that a trusted proxy's header or the application's callable gave.
        cookies: the Cookie header.
    """

    __slots__ = ("_carried", "_cookie", "_cookies", "_identity", "_visitor", "fresh")

    def __init__(
        self, identity: Identity, cookie: AnonymousCookie, carried: str | None, cookies: str
    ) -> None:
        self._identity, self._cookie = identity, cookie
        self._carried, self._cookies = carried, cookies
        self._visitor: str | None = None
        self.fresh = False
        """Whether the visitor was made up here and wants a cookie."""

    def key(self, identified: str | None) -> str | None:
        """Returns the targeting key from the first source that has one."""
        for source in self._identity.sources:
            if source is KeySource.IDENTIFIED:
                found = identified
            elif source is KeySource.HEADER:
                found = self._carried
            else:
                found = self.session()
            if found is not None:
                return found
        return None

    def session(self) -> str:
        """Returns the visitor of the anonymous cookie; a new one where there is none."""
        if self._visitor is None:
            known = self._cookie.visitor(self._cookies) if self._cookies else None
            self.fresh = known is None
            self._visitor = self._cookie.new_visitor() if known is None else known
        return self._visitor

    def set_cookie(self, *, secure: bool) -> str:
        """Returns the Set-Cookie header for a fresh visitor."""
        return self._cookie.set_cookie(self.session(), secure=secure)
