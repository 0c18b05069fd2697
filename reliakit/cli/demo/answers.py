"""An answer of the shop, as a client got it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["CANARY", "STABLE", "Answer"]

STABLE, CANARY = "stable", "canary"
_SLOTS = {"v1": STABLE, "v2": CANARY}


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered whom, by which revision of the flags, and what the user got.

    Attributes:
        slot: by the version that made the answer: the shop says it, not the middleware.
        sent_at, seconds: when the request was sent (monotonic), and how long it took.
        flags: flag -> (variant, reason).
    """

    user: int
    worker: int
    revision: str
    slot: str
    failed: bool
    sent_at: float
    seconds: float
    flags: Mapping[str, tuple[str | None, str]]

    @classmethod
    def read(cls, body: Mapping[str, Any], user: int, status: int, sent_at: float, seconds: float) -> Self:
        """Returns the answer that a response's body and status make.

        Raises:
            KeyError: the body is not the shop's.
        """
        flags = {key: (variant, reason) for key, (variant, reason) in body["flags"].items()}
        slot, failed = _SLOTS[body["version"]], status >= 500
        return cls(user, body["worker"], body["revision"], slot, failed, sent_at, seconds, flags)
