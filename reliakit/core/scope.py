"""What a flag check sees: a pinned snapshot, and who is asking."""

from collections.abc import Mapping
from typing import Any, Protocol

from reliakit.core.snapshot import Flags, Snapshot

__all__ = ["NOTHING", "Scope", "Visitor"]

NOTHING: Mapping[str, Any] = {}


class Visitor(Protocol):
    """What the edge knows of whoever sent a request."""

    def key(self, identified: str | None) -> str | None:
        """Returns the targeting key, given what `identify` said; may make one up and remember it."""

    def session(self) -> str:
        """Returns what the visitor's browser is recognised by, whoever is signed in."""


class Scope:
    """One request, task or override block.

    It is shared by all threads and tasks that work on the same request, so what `identify` says in a thread pool
    is known to the handler too.
    """

    __slots__ = ("attributes", "flags", "snapshot", "user", "visitor")

    def __init__(
        self,
        snapshot: Snapshot,
        flags: Flags | None = None,
        user: str | None = None,
        attributes: Mapping[str, Any] = NOTHING,
        visitor: Visitor | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.flags = snapshot.flags if flags is None else flags
        self.user = user
        self.attributes = attributes
        self.visitor = visitor

    def key(self) -> str | None:
        """Returns the targeting key of whoever is asking."""
        return self.user if self.visitor is None else self.visitor.key(self.user)

    def session(self) -> str | None:
        """Returns what the visitor's browser is recognised by; None where there is no browser."""
        return self.visitor.session() if self.visitor is not None else None

    def merged(self, context: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Returns the attributes with those of one call on top."""
        if not context:
            return self.attributes
        return {**self.attributes, **context} if self.attributes else context
