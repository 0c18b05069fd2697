"""Finds out whether a request has a body where its headers need not say so, as in HTTP/2."""

from reliakit.upstreams.outgoing import CHUNKED, Outgoing
from reliakit.upstreams.protocol import Message, Receive

__all__ = ["settle"]


async def settle(request: Outgoing, receive: Receive) -> Receive | None:
    """Asks for the first piece of the body, and says in the request how long it is.

    Returns:
        what gives the whole body, that piece included; None where the client has left.
    """
    first = await receive()
    if first["type"] != "http.request":
        return None
    if first.get("more_body", False):
        request.length = CHUNKED
    else:
        request.length = len(first.get("body", b""))
        if request.length:
            request.headers.append((b"content-length", b"%d" % request.length))
    kept: list[Message] = [first] if request.length else []

    async def replayed() -> Message:
        return kept.pop() if kept else await receive()

    return replayed
