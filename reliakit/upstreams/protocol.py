"""What a transport has to do: it is called as an application, and somebody else answers.

An application in this process is therefore a transport as it is, and whatever wraps applications wraps transports.

- `Transport` is an ASGI application for `http` and `websocket`; it has no lifespan of its own. It serves one endpoint.
- `WSGITransport` is a WSGI application.

**Before the response starts** a transport raises an `Unanswered` of `reliakit.upstreams.errors`, and has not called
`send` (but for early hints). The caller makes a response of its `status` and `reason`, or asks another endpoint if
`may_retry` allows it. **After it has started** a transport raises `Aborted`: the caller lets it pass, so that the
server hangs up, since a response that was cut must never look whole.

A client that leaves is no error: the request upstream is cancelled, its connection closed, and the call returns
with no answer sent. To be cancelled does the same, and raises CancelledError.

What passes is what came: `raw_path` and `query_string` byte for byte, headers in their order with duplicates and
with values that are no UTF-8, bodies as they arrive and never whole, with backpressure both ways. Hop-by-hop headers
end here, on both sides, and `Forwarding` says what is added. Names of response headers are in small letters, as ASGI
wants them.

Use `open_transport` and `open_wsgi_transport` of `reliakit.upstreams.opening` to make one from an address:

```python
transport = open_transport(address_of("https://10.0.1.5:8443"), Settings(), Forwarding())
try:
    await transport(scope, receive, send)
except Unanswered as failed:
    await problem(failed.status, failed.reason)(scope, receive, send)
...
await transport.close()
```
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

__all__ = [
    "Environ",
    "Headers",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "StartResponse",
    "Transport",
    "WSGITransport",
]

Headers = list[tuple[bytes, bytes]]
Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]


class Transport(Protocol):
    """An endpoint that is reached by ASGI. One instance belongs to one event loop, that of its first request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None:
        """Passes one request on, and its response back.

        Raises:
            Unanswered: there was no response; `send` was not called.
            Aborted: there was half of one.
        """

    async def close(self) -> None:
        """Closes idle connections at once, and others when their requests end. Calls after it open new ones."""


class WSGITransport(Protocol):
    """An endpoint that is reached by WSGI; called on any thread."""

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Passes one request on, and returns the body of its response.

        The iterable has a `close`, which ends the exchange, and raises Aborted where the rest is not to be had.

        Raises:
            Unanswered: there was no response; `start_response` was not called.
        """

    def close(self) -> None:
        """Closes idle connections, and others when their requests end."""
