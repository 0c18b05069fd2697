"""The decorator that runs one function where a flag is on, and another where it is off."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, overload
from uuid import UUID

from reliakit.errors import UsageError

__all__ = ["FlagDecorator", "FlagFunctions", "FlagOrNothing"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Who = Callable[..., str | int | UUID | None]


class FlagDecorator(Protocol[P, R]):
    """What `kit.flag` returns where it knows the other function: both have one signature."""

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...


class FlagOrNothing(Protocol):
    """What `kit.flag` returns without another function: the answer is None where the flag is off."""

    @overload
    def __call__(
        self, function: Callable[P, Coroutine[Any, Any, T]], /
    ) -> Callable[P, Coroutine[Any, Any, T | None]]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R | None]: ...


class _Asks(Protocol):
    def enabled(
        self, key: str, user: Any = None, context: Mapping[str, Any] | None = None, default: bool = False
    ) -> bool: ...


class FlagFunctions:
    """The part of a kit that decorates functions."""

    @overload
    def flag(
        self, key: str, *, otherwise: Callable[P, R], user: Who | None = None, default: bool = False
    ) -> FlagDecorator[P, R]: ...
    @overload
    def flag(
        self, key: str, *, otherwise: None = None, user: Who | None = None, default: bool = False
    ) -> FlagOrNothing: ...
    def flag(
        self: _Asks,
        key: str,
        *,
        otherwise: Callable[..., Any] | None = None,
        user: Who | None = None,
        default: bool = False,
    ) -> Any:
        """Puts a function or method behind a flag: `@kit.flag("new_search", otherwise=old_search)`.

        The flag is asked at each call, for the request's own user. A method comes with a function of the same class,
        or one that takes the instance first.

        Args:
            key: the flag.
            otherwise: runs where the flag is off, with the same arguments; without it the answer is None.
            user: gives the targeting key from the arguments of a call.
            default: what counts where the flag is missing, or can't be decided.

        Raises:
            UsageError: one of the two is async and the other is not, or what is decorated is no function.
        """

        def wanted(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
            return self.enabled(key, user(*args, **kwargs) if user else None, default=default)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            _check(function, otherwise)
            make = _later if inspect.iscoroutinefunction(function) else _now
            return make(wanted, function, otherwise)

        return decorate


Wanted = Callable[[tuple[Any, ...], Mapping[str, Any]], bool]
Function = Callable[..., Any]


def _now(wanted: Wanted, function: Function, otherwise: Function | None) -> Function:
    @wraps(function)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        if wanted(args, kwargs):
            return function(*args, **kwargs)
        return otherwise(*args, **kwargs) if otherwise else None

    return chosen


def _later(wanted: Wanted, function: Function, otherwise: Function | None) -> Function:
    """Frameworks tell coroutine functions from others, so the wrapper of one has to be one."""

    @wraps(function)
    async def chosen(*args: Any, **kwargs: Any) -> Any:
        if wanted(args, kwargs):
            return await function(*args, **kwargs)
        return await otherwise(*args, **kwargs) if otherwise else None

    return chosen


def _check(function: Any, otherwise: Any) -> None:
    for each in (function, otherwise):
        if isinstance(each, staticmethod | classmethod):
            raise UsageError(
                f"{each!r} is wrapped already; put @kit.flag below @{type(each).__name__}, next to the function"
            )
    if not callable(function) or isinstance(function, type):
        raise UsageError(f"a flag goes around a function or method, not {function!r}")
    if otherwise is not None and (
        later := inspect.iscoroutinefunction(function)
    ) is not inspect.iscoroutinefunction(otherwise):
        one, other = ("async", "not") if later else ("not async", "async")
        raise UsageError(
            f"{_name(function)} is {one} and {_name(otherwise)} is {other}: whoever calls them can't tell which one "
            "runs, so write both alike"
        )


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", function))
