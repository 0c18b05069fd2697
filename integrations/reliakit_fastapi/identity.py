"""Whom a dependency knows, flags know too."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, TypeVar, overload

from fastapi import Depends

from reliakit_fastapi.kits import Kit

__all__ = ["identify"]

T = TypeVar("T")


@overload
def identify(
    user: Callable[..., Awaitable[T | None]], describe: Callable[[T], Any] | None = None
) -> Callable[..., Coroutine[Any, Any, T | None]]: ...
@overload
def identify(
    user: Callable[..., T | None], describe: Callable[[T], Any] | None = None
) -> Callable[..., Coroutine[Any, Any, T | None]]: ...
def identify(
    user: Callable[..., Any], describe: Callable[[Any], Any] | None = None
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Returns a dependency that says who is asking, and gives what `user` gave.

    Flags that the endpoint asks, and those of dependencies after it, are decided for that user. Name it in
    `FastAPI(dependencies=[Depends(...)])` or a router's, which run first.

    Args:
        user: a dependency that gives the user of the request, or None where nobody is signed in.
        describe: gives the targeting key of a user, or a pair of it and a mapping of attributes for rules. By default
            what `user` gives is the key.
    """

    async def identified(kit: Kit, found: Annotated[Any, Depends(user)]) -> Any:
        said = found if found is None or describe is None else describe(found)
        key, attributes = said if isinstance(said, tuple) else (said, {})
        kit.identify(key, **attributes)
        return found

    return identified
