"""One request, and who sent it, as far as the edge can know."""

from collections.abc import Callable, Mapping
from typing import Any

from reliakit.core.identity import KeySource
from reliakit.core.scope import NOTHING, Scope
from reliakit.core.snapshot import Flags, Snapshot
from reliakit.middleware.cookies import AnonymousCookie

__all__ = ["ForcedVisit", "Visit"]

# Members of an enumeration are looked up slowly; the request path has them at hand.
_ANONYMOUS_COOKIE, _IDENTIFIED = KeySource.ANONYMOUS_COOKIE, KeySource.IDENTIFIED


class Visit(Scope):
    """The scope of a request. Nothing is read before somebody asks, and a cookie is made only for visitors whose
    key was needed: pages that check no flag stay cacheable.

    Args:
        snapshot: pinned for the whole request.
        flags: of the snapshot, with the request's overrides laid over them.
        cookie: reads and makes the visitor's cookie.
        cookies: the Cookie header.
        carried: the targeting key that a trusted proxy sent.
    """

    __slots__ = ("_carried", "_cookie", "_visitor", "ask", "cookies", "fresh", "routed")

    ask: Callable[[], None] | None
    """Finds out who is signed in, and says so by `identify`; called when the first flag is checked."""

    def __init__(
        self,
        snapshot: Snapshot,
        flags: Flags,
        cookie: AnonymousCookie,
        cookies: str,
        carried: str | None = None,
    ) -> None:
        # As `Scope` does it, without the call: this runs for every request.
        self.snapshot, self.flags, self.compiled = snapshot, flags, flags.compiled
        self.subject = self.identified = self.routed = self.ask = self.earlier = self.place = None
        self.attributes = NOTHING
        self.taken = {}
        self._cookie, self.cookies, self._carried = cookie, cookies, carried
        self._visitor: str | None = None
        self.fresh = False
        """Whether the visitor was made up here and wants a cookie."""

    def key(self) -> str | None:
        """Returns the targeting key from the first source that has one."""
        if self.subject is None:
            if self.ask is not None:
                self.ask()
            found: str | None
            for source in self.snapshot.identity.sources:
                if source is _ANONYMOUS_COOKIE:
                    found = self.session()
                else:
                    found = self.identified if source is _IDENTIFIED else self._carried
                if found is not None:
                    if self.ask is not None:  # it could not be found out now, and may be known the next time
                        return found
                    self.subject = found
                    break
        return self.subject

    @property
    def recognised(self) -> bool:
        """Whether anybody wanted to know who is asking."""
        return self.subject is not None or self._visitor is not None

    def known(self) -> str | None:
        """Returns the targeting key, where no visitor has to be made up and given a cookie for it."""
        recognised = self.session() if self._visitor or self._cookie.visitor(self.cookies) else None
        found = {_IDENTIFIED: self.identified, _ANONYMOUS_COOKIE: recognised}
        sources = (found.get(source, self._carried) for source in self.snapshot.identity.sources)
        return self.subject or next((key for key in sources if key is not None), None)

    def identify(
        self, user: str | None, attributes: Mapping[str, Any], ask: Callable[[], None] | None = None
    ) -> None:
        """Says who is signed in; which source comes first is for the definitions to say."""
        super().identify(user, attributes)
        self.subject, self.ask = None, ask

    def session(self) -> str:
        """Returns the visitor whom the browser is recognised as; a new one where there is none."""
        if self._visitor is None:
            known = self._cookie.visitor(self.cookies) if self.cookies else None
            self.fresh = known is None
            self._visitor = self._cookie.new_visitor() if known is None else known
        return self._visitor

    def row(self, series: int) -> int:
        """Returns the row of the tally for what a locality has answered, instead of that for all of them."""
        slot = self.routed
        return series if slot is None else slot.placed.get(self.place or "", series)

    def set_cookie(self, *, secure: bool) -> str:
        """Returns the Set-Cookie header for a fresh visitor."""
        return self._cookie.set_cookie(self.session(), secure=secure)


class ForcedVisit(Visit):
    """The scope of a request that carries a believed override of slots."""

    __slots__ = ("forced",)
    forced: Mapping[str, str]
