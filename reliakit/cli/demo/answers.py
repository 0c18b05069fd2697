"""An answer of the shop, as a client got it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered whom, by which revision of the flags, and what the user got.

    Attributes:
        slot, version: which made the answer: the shop says it, not the middleware.
        sent_at, seconds: when the request was sent (monotonic), and how long it took.
        flags: flag -> (variant, reason).
    """

    user: int
    worker: int
    revision: str
    slot: str
    version: str
    failed: bool
    sent_at: float
    seconds: float
    flags: Mapping[str, tuple[str | None, str]]

    @property
    def came_at(self) -> float:
        """When it came (monotonic)."""
        return self.sent_at + self.seconds

    @classmethod
    def read(cls, body: Mapping[str, Any], user: int, status: int, sent_at: float, seconds: float) -> Self:
        """Returns the answer that a response's body and status make.

        Raises:
            KeyError: the body is not the shop's.
        """
        flags = {key: (variant, reason) for key, (variant, reason) in body["flags"].items()}
        where = body["worker"], body["revision"], body["slot"], body["version"]
        return cls(user, *where, status >= 500, sent_at, seconds, flags)
