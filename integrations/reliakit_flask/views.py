"""Views that are there for those for whom a flag is on."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol, overload

from flask import abort, current_app

from reliakit_flask.asking import current_kit

__all__ = ["ViewDecorator", "flag_required"]

P = ParamSpec("P")


class ViewDecorator(Protocol):
    """What `flag_required` returns for a status code: it takes views of any parameters."""

    def __call__(self, view: Callable[P, Any], /) -> Callable[P, Any]: ...


@overload
def flag_required(key: str, otherwise: int = 404, *, default: bool = False) -> ViewDecorator: ...
@overload
def flag_required(
    key: str, otherwise: Callable[P, Any], *, default: bool = False
) -> Callable[[Callable[P, Any]], Callable[P, Any]]: ...
def flag_required(key: str, otherwise: int | Callable[..., Any] = 404, *, default: bool = False) -> Any:
    """Shows a view to those for whom a flag is on: `@flag_required("new_checkout")` below `@app.get(...)`.

    Works for async views, in `decorators` of class-based ones, and on a function for `before_request` of a blueprint.

    Args:
        key: the flag.
        otherwise: what the others get: a status code, or another view with the same arguments.
        default: whether to show it to everybody where the flag is missing or can't be decided.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if current_kit().enabled(key, default=default):
                return current_app.ensure_sync(view)(*args, **kwargs)
            if isinstance(otherwise, int):
                abort(otherwise)
            return current_app.ensure_sync(otherwise)(*args, **kwargs)

        return guarded

    return decorate
