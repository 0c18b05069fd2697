"""Pinned flags for tests."""

import inspect
from collections.abc import Callable, Mapping
from contextvars import Token
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from reliakit.core.pins import pin
from reliakit.core.scope import Scope
from reliakit.core.snapshot import Flags
from reliakit.runtime.runtime import Runtime

__all__ = ["Override"]

P = ParamSpec("P")
R = TypeVar("R")


class Override:
    """What `kit.override` returns. May be entered any number of times, also within itself."""

    def __init__(self, runtime: Runtime, flags: Mapping[str, Any]) -> None:
        self._runtime, self._wanted = runtime, flags
        self._entered: list[tuple[Callable[[], None], Token[Scope | None] | None]] = []

    def __enter__(self) -> "Override":
        runtime = self._runtime
        answers = {key: _answer(runtime.snapshot.flags, key, value) for key, value in self._wanted.items()}
        current, token = runtime.scope.get(), None
        undo = runtime.override(answers)
        if current is not None:
            token = runtime.scope.set(current.within(current.flags.overridden(answers)))
        self._entered.append((undo, token))
        return self

    def __exit__(self, *exception: object) -> None:
        undo, token = self._entered.pop()
        undo()
        if token is not None:
            self._runtime.scope.reset(token)

    async def __aenter__(self) -> "Override":
        return self.__enter__()

    async def __aexit__(self, *exception: object) -> None:
        self.__exit__(*exception)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Pins the flags while `function` runs, be it sync or async."""
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def pinned_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                with Override(self._runtime, self._wanted):
                    return await function(*args, **kwargs)

            return pinned_async  # type: ignore[return-value]

        @wraps(function)
        def pinned(*args: P.args, **kwargs: P.kwargs) -> R:
            with Override(self._runtime, self._wanted):
                return function(*args, **kwargs)

        return pinned


def _answer(flags: Flags, key: str, value: Any) -> tuple[str | None, Any]:
    if isinstance(value, bool):
        return ("on" if value else "off"), value
    named = pin(flags.variants(key), value) if isinstance(value, str) else None
    return named or (None, value)
