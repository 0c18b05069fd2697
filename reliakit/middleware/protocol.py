"""The shapes of ASGI and WSGI, as far as the shells need them."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

__all__ = [
    "APP",
    "ASGIApp",
    "AnyASGIApp",
    "Connection",
    "Environ",
    "Message",
    "Receive",
    "Send",
    "StartResponse",
    "WSGIApp",
]

APP = "app"
"""The upstream that is the wrapped application itself."""

Message = MutableMapping[str, Any]
Connection = MutableMapping[str, Any]
"""An ASGI connection scope; called so here, because a scope is something else in reliakit."""
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Connection, Receive, Send], Awaitable[None]]
AnyASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
"""One of any framework. Each has other words for the same shapes (Django's take a `dict` and read a `Mapping`), which fit
the dictionaries that servers hand over, and not each other."""

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
