"""The middleware. It wraps by ASGI alone: what Starlette offers as a base class buffers, and costs fifty times more."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from reliakit import Reliakit
from reliakit_fastapi.kits import SCOPE_KEY

__all__ = ["ReliakitMiddleware"]


class ReliakitMiddleware:
    """Puts an application behind a kit: `app.add_middleware(ReliakitMiddleware, kit=kit)`.

    The kit is `request.app.state.reliakit` then. Its background thread starts and stops with the application, whether
    that has a lifespan or not. Add it last, so that it sees what the other middleware answers.

    Args:
        app: the application; Starlette passes it.
        kit: says what is in force.
        upstreams: other applications by the names that `upstreams` of the definitions has. Each runs its own lifespan.
        identify: gives the targeting key of a connection, or a pair of key and attributes, or None. It runs before
            the application does, so it knows what was sent and no more; for what a dependency finds out there is
            `reliakit_fastapi.identify`.

    Raises:
        UsageError: the definitions lack an upstream that was given.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        kit: Reliakit,
        upstreams: Mapping[str, ASGIApp] | None = None,
        identify: Callable[[HTTPConnection], Any] | None = None,
    ) -> None:
        self.kit = kit
        self._shell = kit.asgi(app, upstreams=upstreams, identify=identify and _by_connection(identify))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[SCOPE_KEY] = self.kit
        if "app" in scope:
            setattr(scope["app"].state, SCOPE_KEY, self.kit)
        await self._shell(scope, receive, send)


def _by_connection(identify: Callable[[HTTPConnection], Any]) -> Callable[[MutableMapping[str, Any]], Any]:
    return lambda scope: identify(HTTPConnection(scope))
