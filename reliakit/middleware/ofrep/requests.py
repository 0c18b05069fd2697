"""What is asked: reads and checks the body of a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from reliakit.core.evaluation import ErrorCode
from reliakit.middleware.protocol import Receive

__all__ = ["Asked", "Gone", "Refused", "body_of", "is_json", "read"]

_KEY = "targetingKey"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asking, and what else is known of them."""

    user: str | None
    attributes: Mapping[str, Any]


class Refused(Exception):
    """A request that is answered by an error.

    Args:
        status: of the answer.
        details: for people.
        code: of OpenFeature; None where it has none.
    """

    def __init__(self, status: int, details: str, code: ErrorCode | None = None) -> None:
        super().__init__(details)
        self.status, self.details, self.code = status, details, code


class Gone(Exception):
    """The client has gone, and nobody waits for an answer."""


def is_json(content_type: bytes | None) -> bool:
    """Tells whether a `Content-Type` is that of JSON; a browser asks before it sends that to another origin."""
    return (content_type or b"").partition(b";")[0].strip().lower() == b"application/json"


async def body_of(receive: Receive, limit: int) -> bytes:
    """Returns the body of a request.

    Raises:
        Refused: it has more than `limit` bytes.
        Gone: the client went before it was complete.
    """
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size > limit:
            raise Refused(413, f"a request may have {limit} bytes", ErrorCode.INVALID_CONTEXT)
        parts.append(part)
    return b"".join(parts)


def read(body: bytes) -> Asked:
    """Returns what a body asks.

    Raises:
        Refused: it is no JSON, or no request.
    """
    try:
        written = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise Refused(400, f"the body is not JSON: {wrong}", ErrorCode.PARSE_ERROR) from wrong
    if not isinstance(written, dict):
        raise Refused(400, "the body is not an object", ErrorCode.PARSE_ERROR)
    context = written.get("context", {})
    if not isinstance(context, dict):
        raise Refused(400, "`context` is not an object", ErrorCode.INVALID_CONTEXT)
    user = context.pop(_KEY, None)
    if not (user is None or isinstance(user, str)):
        raise Refused(400, f"`{_KEY}` is not text", ErrorCode.INVALID_CONTEXT)
    return Asked(user, context)
