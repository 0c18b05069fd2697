"""Stands between a client's ASGI request and the endpoints that are asked for it, one after the other."""

from collections import deque
from collections.abc import Awaitable, Callable

from reliakit.runtime.remotes.side import Asking, Side
from reliakit.upstreams.protocol import Message, Receive, Scope, Send

__all__ = ["Relay"]

_TAKEN = ("http.request", "websocket.connect")
_GOOD = {"websocket.accept": 101, "websocket.close": 403}
"""Answers without a status of their own: that there is one is good."""


class Relay:
    """Hands each endpoint the same request, and sees how it answers.

    Args:
        side: of the upstream.
        scope, receive, send: of ASGI.
        endpoint: that is asked first.

    Attributes:
        endpoint: that is being asked.
        tried: endpoints that have been asked in vain.
        refused: how many endpoints took no connection.
        kept: what was taken of the body; None where nothing was, or where it is lost.
        lost: whether something was taken that is not at hand any more.
        copied: given the pieces of the body, once all of it is there; None where nobody wants them.
    """

    # Defaults of the class, and no slots: most requests set none of them, and each assignment is felt.
    _answered = False
    kept: list[Message] | None = None
    _replayed: deque[Message] | None = None
    refused = 0
    tried: list[int] | None = None
    copied: Callable[[list[Message]], None] | None = None
    _size = 0
    lost = False

    def __init__(self, side: Side, scope: Scope, receive: Receive, send: Send, endpoint: int) -> None:
        self._side, self._scope, self._receive, self._send = side, scope, receive, send
        self.endpoint = endpoint

    def send(self, message: Message) -> Awaitable[None]:
        """Passes an answer on; not a coroutine function, since every piece of a body goes through it.

        Raises:
            GivenUp: it counts as none, and another endpoint is to be asked.
        """
        if not self._answered:
            status = message.get("status") or _GOOD.get(message["type"], 0)
            if status >= 500:
                self._bad(status)
            elif status:
                next(self._side.numbers[self.endpoint])
            self._answered = status > 0
        return self._send(message)

    async def receive(self) -> Message:
        """Returns what the client sends, and keeps of it what there is room for."""
        if self._replayed:
            return self._replayed.popleft()
        message = await self._receive()
        if message["type"] in _TAKEN:
            self._keep(message)
        return message

    def asking(self) -> Asking:
        """Returns how far it has come."""
        method = self._scope.get("method", "GET")
        return Asking(method, [*(self.tried or ()), self.endpoint], not self.lost, self.refused)

    def begin_again(self, endpoint: int) -> None:
        """Goes to another endpoint, with the body from its beginning."""
        self.tried = [*(self.tried or ()), self.endpoint]
        self.endpoint = endpoint
        self._replayed = deque(self.kept or ())

    def _bad(self, status: int) -> None:
        if self._side.failed(self.endpoint, status):
            self._side.give_up(self.asking(), status)

    def _keep(self, message: Message) -> None:
        self._size += len(message.get("body", b""))
        if self._size > self._side.terms.kept:
            self.lost, self.kept, self.copied = True, None, None
        if self.lost:
            return
        self.kept = self.kept or []
        self.kept.append(message)
        if self.copied is not None and not message.get("more_body", False):
            copied, self.copied = self.copied, None
            copied(list(self.kept))
