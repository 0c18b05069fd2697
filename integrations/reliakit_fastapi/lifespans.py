"""A lifespan for applications that ask flags and have no middleware."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from starlette.applications import Starlette

from reliakit import Reliakit
from reliakit_fastapi.kits import SCOPE_KEY

__all__ = ["lifespan"]

App = TypeVar("App", bound=Starlette)


def lifespan(
    kit: Reliakit, inner: Callable[[App], AbstractAsyncContextManager[Any]] | None = None
) -> Callable[[App], AbstractAsyncContextManager[Any]]:
    """Returns a lifespan that starts and stops a kit around the application's own: `FastAPI(lifespan=lifespan(kit))`.

    With `ReliakitMiddleware` there is no need for it; without, the kit is `request.app.state.reliakit` as well.
    Whatever `inner` yields becomes the state of requests, as ever.
    """

    @asynccontextmanager
    async def around(app: App) -> AsyncIterator[Any]:
        setattr(app.state, SCOPE_KEY, kit)
        await asyncio.to_thread(_start, kit)
        try:
            if inner is None:
                yield
            else:
                async with inner(app) as state:
                    yield state
        finally:
            await asyncio.to_thread(kit.close)

    return around


def _start(kit: Reliakit) -> None:
    """A block keeps the flags that it begins with, so it begins with current ones."""
    with kit.identify(None):
        pass
