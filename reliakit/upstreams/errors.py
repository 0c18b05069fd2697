"""How a request to an upstream fails.

UpstreamError
├── Unanswered           before a response started: somebody else may still answer
│   ├── ConnectFailed    502 connect_failed     nothing listens, no such name, TLS refused
│   ├── ConnectTimeout   504 connect_timeout    no connection in time
│   ├── PoolFull         503 pool_full          every connection stayed busy for as long as one may wait
│   ├── ConnectionLost   502 connection_lost    the upstream hung up before it answered
│   ├── ResponseTimeout  504 response_timeout   nothing came in time
│   ├── BadResponse      502 bad_response       what came is no HTTP
│   └── BadRequest       400 bad_request        what we were asked to pass on could be read in two ways
│       └── TooLarge     431 head_too_large     its headers, or its target, are longer than a hop passes on
└── Aborted              after it started: all that is left is to hang up on the client
"""

from typing import ClassVar

from reliakit.errors import ReliakitError

__all__ = [
    "Aborted",
    "BadRequest",
    "BadResponse",
    "ConnectFailed",
    "ConnectTimeout",
    "ConnectionLost",
    "PoolFull",
    "ResponseTimeout",
    "TooLarge",
    "Unanswered",
    "UpstreamError",
    "may_retry",
]

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class UpstreamError(ReliakitError):
    """The root of this tree."""


class Unanswered(UpstreamError):
    """There was no response; `send` has not been called, unless with early hints.

    Args:
        why: for people: what to look at.
        acted: whether the upstream may have acted on the request, which is so once a byte of it was written.
        consumed: whether some of the request's body was taken from `receive`, so that it can't be sent again.

    Attributes:
        status: of the response to make of it.
        reason: in one word, for telemetry and for the body of that response.
    """

    status: ClassVar[int] = 502
    reason: ClassVar[str] = "unanswered"

    def __init__(self, why: str, *, acted: bool = False, consumed: bool = False) -> None:
        super().__init__(why)
        self.acted, self.consumed = acted, consumed


class ConnectFailed(Unanswered):
    """Nothing listens there, the name is not known, or TLS did not come about."""

    reason = "connect_failed"


class ConnectTimeout(Unanswered):
    """There was no connection in time."""

    status, reason = 504, "connect_timeout"


class PoolFull(Unanswered):
    """All connections stayed busy for as long as a request may wait."""

    status, reason = 503, "pool_full"


class ConnectionLost(Unanswered):
    """The upstream hung up before it answered."""

    reason = "connection_lost"


class ResponseTimeout(Unanswered):
    """The upstream was silent, or slow, for too long."""

    status, reason = 504, "response_timeout"


class BadResponse(Unanswered):
    """What the upstream sent is no response, or one that could be read in two ways."""

    reason = "bad_response"


class BadRequest(Unanswered):
    """The request could be read in two ways, so that passing it on would smuggle something."""

    status, reason = 400, "bad_request"


class TooLarge(BadRequest):
    """The headers of a request, or its target, are longer than a hop passes on."""

    status, reason = 431, "head_too_large"


class Aborted(UpstreamError):
    """A response that had started did not end. Nothing but hanging up tells the client so."""


def may_retry(failed: Unanswered, method: str) -> bool:
    """Tells whether the same scope, `receive` and `send` may go to somebody else without anything happening twice."""
    if isinstance(failed, BadRequest) or failed.consumed:
        return False
    return not failed.acted or method in IDEMPOTENT
