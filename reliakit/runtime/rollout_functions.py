"""The decorator that gives a function or method a canary."""

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from reliakit.errors import UsageError
from reliakit.runtime.rollout_calls import Choice
from reliakit.runtime.runtime import Runtime

__all__ = ["RolloutDecorator", "RolloutFunction", "RolloutFunctions"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")


class RolloutFunction(Protocol[P, R]):
    """A function that has a canary, to be called as the function itself; in a class it is a method."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __get__(self, instance: None, owner: Any) -> "RolloutFunction[P, R]": ...
    @overload
    def __get__(
        self: "RolloutFunction[Concatenate[Any, Q], R]", instance: object, owner: Any
    ) -> Callable[Q, R]: ...

    def canary(self, function: Callable[P, R], /) -> Callable[P, R]:
        """Registers what runs for the canary's share, and returns it unchanged.

        Raises:
            UsageError: one of the two is async and the other is not, or there is a canary already.
        """
        ...


class RolloutDecorator(Protocol):
    """What `kit.rollout` returns."""

    def __call__(self, function: Callable[P, R], /) -> RolloutFunction[P, R]: ...


class RolloutFunctions:
    """The functions of one kit that have a canary, or may get one."""

    def __init__(self, runtime: Runtime, *, silent: bool) -> None:
        self._runtime, self._silent = runtime, silent
        self._choices: list[Choice] = []

    def has_canary(self, rollout: str) -> bool:
        """Tells whether a function of this process has a canary that runs in a slot of the rollout."""
        return any(choice.rollout == rollout and choice.canary is not None for choice in self._choices)

    def decorator(
        self,
        rollout: str,
        user: Callable[..., Any] | None,
        ignore: tuple[type[BaseException], ...],
    ) -> RolloutDecorator:
        """Returns the decorator for a function of a rollout."""

        def decorate(function: Any) -> Any:
            _refuse(function)
            choice = Choice(self._runtime, rollout, function, user, ignore, self._silent)
            self._choices.append(choice)
            calling: Any = _later(choice) if _is_async(function) else _now(choice)
            calling.canary = _registering(choice)
            return calling

        return cast(RolloutDecorator, decorate)


def _now(choice: Choice) -> Callable[..., Any]:
    @wraps(choice.function)
    def called(*args: Any, **kwargs: Any) -> Any:
        call = choice.begin(args, kwargs)
        try:
            value = call.run(*args, **kwargs)
        except BaseException as raised:
            call.end(raised)
            raise
        call.end()
        return value

    return called


def _later(choice: Choice) -> Callable[..., Any]:
    @wraps(choice.function)
    async def called(*args: Any, **kwargs: Any) -> Any:
        call = choice.begin(args, kwargs)
        try:
            value = await call.run(*args, **kwargs)
        except BaseException as raised:
            call.end(raised)
            raise
        call.end()
        return value

    return called


def _registering(choice: Choice) -> Callable[[Any], Any]:
    def canary(function: Any) -> Any:
        _refuse(function)
        if _is_async(function) is not _is_async(choice.function):
            one, other = ("async", "not") if _is_async(function) else ("not async", "async")
            raise UsageError(
                f"the canary {_name(function)} is {one} and {_name(choice.function)} is {other}: whoever calls "
                f"them can't tell which one runs, so write both alike"
            )
        if choice.canary is not None:
            raise UsageError(f"{_name(choice.function)} has a canary already: {_name(choice.canary)}")
        choice.canary = function
        return function

    return canary


def _refuse(function: Any) -> None:
    if isinstance(function, staticmethod | classmethod):
        raise UsageError(
            f"{_name(function)} is no method of an instance; put the rollout around a function beside the class, "
            f"and have the method call it"
        )
    if not callable(function) or isinstance(function, type):
        raise UsageError(f"a rollout goes around a function or method, not {function!r}")
    _refuse_generators(function)


def _refuse_generators(function: Callable[..., Any]) -> None:
    """The work of a generator is done while somebody else iterates, so neither its end nor its time is its own."""
    if any(
        test(each)
        for test in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        for each in _parts(function)
    ):
        raise UsageError(
            f"{_name(function)} is a generator, and whoever iterates over it decides when it ends; "
            "put the rollout around the function that iterates"
        )


def _is_async(function: Callable[..., Any]) -> bool:
    return any(map(inspect.iscoroutinefunction, _parts(function)))


def _parts(function: Callable[..., Any]) -> Iterator[Any]:
    """An object may be callable by a method that is async."""
    yield function
    yield inspect.getattr_static(type(function), "__call__", None)


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", function))
