"""Stands between a client's ASGI request and the endpoints that are asked for it, one after the other."""

from collections import deque
from collections.abc import Awaitable, Callable

from reliakit.runtime.remotes.side import Asking, Side
from reliakit.upstreams.protocol import Message, Receive, Send

__all__ = ["Relay"]

_TAKEN = ("http.request", "websocket.connect")
_GOOD = {"websocket.accept": 101, "websocket.close": 403}
"""Answers without a status of their own: that there is one is good."""


class Relay:
    """Hands each endpoint the same request, and sees how it answers.

    Args:
        side: of the upstream.
        receive, send: of ASGI.

    Attributes:
        endpoint: that is being asked.
        tried: endpoints that have been asked in vain.
        refused: how many endpoints took no connection.
        copied: given the pieces of the body, once all of it is there; None where nobody wants them.
    """

    __slots__ = ("_answered", "_kept", "_numbers", "_receive", "_replayed", "_room", "_send", "_side", "copied",
                 "endpoint", "method", "refused", "tried")  # fmt: skip

    def __init__(self, side: Side, method: str, receive: Receive, send: Send) -> None:
        self._side, self.method, self._receive, self._send = side, method, receive, send
        self._answered = False
        self._room = side.terms.kept
        self._kept: list[Message] | None = None
        self._replayed: deque[Message] | None = None
        self.endpoint = -1
        self.refused = 0
        self.tried: list[int] | None = None
        self.copied: Callable[[list[Message]], None] | None = None

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
                next(self._side.answers.numbers[self.endpoint])
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
        return Asking(self.method, [*(self.tried or ()), self.endpoint], self._room >= 0, self.refused)

    def begin_again(self, endpoint: int) -> None:
        """Goes to another endpoint, with the body from its beginning."""
        self.tried = [*(self.tried or ()), self.endpoint]
        self.endpoint = endpoint
        self._replayed = deque(self._kept or ())

    def _bad(self, status: int) -> None:
        if self._side.failed(self.endpoint, status):
            self._side.give_up(self.asking(), status)

    def _keep(self, message: Message) -> None:
        self._room -= len(message.get("body", b""))
        if self._room < 0:
            self._kept = self.copied = None
            return
        if self._kept is None:
            self._kept = []
        self._kept.append(message)
        if self.copied is not None and not message.get("more_body", False):
            copied, self.copied = self.copied, None
            copied(list(self._kept))
