"""Watches one ASGI connection: what was answered, whether it was finished, who left."""

from collections.abc import Callable

from reliakit.core.outcome import Outcome
from reliakit.middleware.protocol import Connection, Message, Receive, Send
from reliakit.middleware.visit import Visit

__all__ = ["Exchange"]

# Members of an enumeration are looked up slowly; the request path has them at hand.
_ERROR, _CANCELLED = Outcome.ERROR, Outcome.CANCELLED
_STATUS = {"websocket.accept": 101, "websocket.close": 403}
"""Answers without a status of their own, and what a server makes of them."""
_SECURE = ("https", "wss")
_ANSWERS = frozenset({"http.response.start", "websocket.http.response.start", *_STATUS})


class Exchange:
    """Stands between an application and its server; hands the application `receive` and `send`.

    The outcome is latched when the response starts: a client that leaves, or an application that fails afterwards,
    can make it worse, never better.
    """

    __slots__ = (
        "_complete",
        "_connection",
        "_hung_up",
        "_latched",
        "_left",
        "_now",
        "_receive",
        "_seconds",
        "_send",
        "begun",
        "visit",
    )

    def __init__(
        self, receive: Receive, send: Send, visit: Visit, now: Callable[[], float], connection: Connection
    ) -> None:
        self._receive, self._send, self.visit, self._now = receive, send, visit, now
        self._connection = connection
        self._latched: Outcome | None = None
        self._left = self._hung_up = self._complete = False
        self._seconds: float | None = None
        self.begun = now()

    @property
    def unanswered(self) -> bool:
        """Whether an HTTP request waits for the start of its response."""
        return self._latched is None and self._connection["type"] == "http"

    async def receive(self) -> Message:
        message = await self._receive()
        kind = message["type"]
        if kind == "http.disconnect" and not self._complete:
            self._left = True
        elif kind == "websocket.disconnect":
            self._hung_up = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            self._complete = not message.get("more_body", False)
        elif kind in _ANSWERS and self._latched is None:
            message = self._answered(kind, message)
        try:
            await self._send(message)
        except OSError:
            self._left, self._complete = True, False  # the last block may be the one that did not arrive
            raise

    def _answered(self, kind: str, message: Message) -> Message:
        self._latched = self.visit.snapshot.classify(
            message["status"] if "status" in message else _STATUS[kind]
        )
        if kind == "websocket.accept":
            self._seconds = self._now() - self.begun  # a WebSocket's length is no latency
        if not self.visit.fresh or kind == "websocket.close":
            return message
        cookie = self.visit.set_cookie(secure=self._connection.get("scheme") in _SECURE)
        return {
            **message,
            "headers": [*message.get("headers", ()), (b"set-cookie", cookie.encode("latin-1"))],
        }

    def outcome(self, raised: bool, cancelled: bool) -> tuple[Outcome, float]:
        """Returns how the exchange ended, and after how many seconds.

        Args:
            raised: the application raised.
            cancelled: it was cancelled from outside.
        """
        seconds = self._now() - self.begun if self._seconds is None else self._seconds
        latched = self._latched
        if self.visit.earlier is not None:
            return self.visit.earlier, seconds
        if latched is not _ERROR:
            if cancelled or (self._left and not self._complete):
                return _CANCELLED, seconds
            if raised or latched is None:
                # Either side may end a WebSocket; frameworks raise in handlers that still waited for a message.
                return (_CANCELLED if self._hung_up else _ERROR), seconds
        return latched, seconds
