"""What a flag check sees: a pinned snapshot, and who is asking."""

from collections.abc import Callable, Mapping
from typing import Any

from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Slot
from reliakit.core.snapshot import Flags, Snapshot

__all__ = ["NOTHING", "Scope"]

NOTHING: Mapping[str, Any] = {}


class Scope:
    """One request, task or override block.

    It is shared by all threads and tasks that work on the same request, so what `identify` says in a thread pool
    is known to the handler too.

    Attributes:
        snapshot: what everything in the scope is decided by.
        flags: of the snapshot, with overrides laid over them.
        compiled: what a flag check looks at first: `flags.compiled`.
        subject: the targeting key, once it is known.
        attributes: what `identify` said beside the key.
        ask: finds out who is asking, where that is known to be worth it only once a flag is checked.
        forced: slots by rollout that a signed override asked for.
        routed: the slot that the whole of it was split to.
        earlier: how an attempt at an upstream failed, where another one was made: whoever answers in the end, that
            counts against the slot.
        place: the locality that has answered, where slots are compared by theirs; as yet only a request has any.
        taken: what else happens here is evidence about: slots that calls of functions were split to, by their rows
            of the tally; and by (row, metric) what was reported. None in a block that is no unit of evidence, as a
            request and the call of a function are: reports are about no release there.
    """

    __slots__ = (
        "attributes", "compiled", "earlier", "flags", "identified", "place", "snapshot", "subject", "taken",
    )  # fmt: skip

    ask: Callable[[], None] | None = None
    forced: Mapping[str, str] = NOTHING
    routed: Slot | None = None

    def __init__(self, snapshot: Snapshot, flags: Flags) -> None:
        self.snapshot, self.flags, self.compiled = snapshot, flags, flags.compiled
        self.subject: str | None = None
        self.identified: str | None = None
        self.earlier: Outcome | None = None
        self.place: str | None = None
        self.attributes = NOTHING
        self.taken: dict[Any, Any] | None = None

    def identify(
        self, user: str | None, attributes: Mapping[str, Any], ask: Callable[[], None] | None = None
    ) -> None:
        """Says who is asking from now on, and what may know better; only a request has the like."""
        self.subject = self.identified = user
        self.attributes = attributes

    def key(self) -> str | None:
        """Returns the targeting key of whoever is asking, as far as it can be known."""
        return self.subject

    def session(self) -> str | None:
        """Returns the visitor whom the browser is recognised as; there is none but in a request."""
        return None

    def known(self) -> str | None:
        """Returns the targeting key, where none has to be made up for it."""
        return self.subject

    def evidence(self) -> dict[Any, Any] | None:
        """Returns `taken` with the slot of the whole in it, which costs every request too much to write there."""
        if self.routed is not None and self.taken is not None:
            self.taken[self.routed.series[0]] = self.routed
        return self.taken

    def within(self, flags: Flags) -> "Scope":
        """Returns a scope for the same asker with other flags."""
        inner = Scope(self.snapshot, flags)
        inner.identify(self.key(), self.attributes)
        inner.taken = self.evidence()
        return inner

    def merged(self, context: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Returns the attributes with those of one call on top."""
        if not context:
            return self.attributes
        return {**self.attributes, **context} if self.attributes else context
