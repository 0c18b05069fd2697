"""Finds the kit of whatever handles a connection."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from reliakit import Reliakit, UsageError

__all__ = ["SCOPE_KEY", "Kit", "get_kit"]

SCOPE_KEY = "reliakit"
"""Where the middleware leaves the kit in the ASGI scope: applications that are mounted have a state of their own."""


async def get_kit(connection: HTTPConnection) -> Reliakit:
    """Returns the kit: a dependency, also for WebSockets.

    Raises:
        UsageError: the application has neither the middleware nor the lifespan.
    """
    found = connection.scope.get(SCOPE_KEY) or getattr(connection.app.state, SCOPE_KEY, None)
    if not isinstance(found, Reliakit):
        raise UsageError("this app has no kit; write: app.add_middleware(ReliakitMiddleware, kit=kit)")
    return found


Kit = Annotated[Reliakit, Depends(get_kit)]
"""The kit as a parameter of an endpoint: `def checkout(kit: Kit)`."""
