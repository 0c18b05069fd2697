"""Endpoints that have a canary."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, cast
from uuid import UUID

from fastapi import Response
from starlette.exceptions import HTTPException

from reliakit import Reliakit

__all__ = ["RolloutEndpoint", "RouteDecorator", "rollout_route"]

P = ParamSpec("P")
R = TypeVar("R")
_SERVER_ERROR = 500


class RolloutEndpoint(Protocol[P, R]):
    """An endpoint that has a canary; to FastAPI it is the endpoint itself."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    def canary(self, function: Callable[P, R], /) -> Callable[P, R]:
        """Registers the endpoint for the canary's share of requests, and returns it unchanged.

        Raises:
            UsageError: one of the two is async and the other is not, or there is a canary already.
        """
        ...


class RouteDecorator(Protocol):
    """What `rollout_route` returns."""

    def __call__(self, function: Callable[P, R], /) -> RolloutEndpoint[P, R]: ...


def rollout_route(
    kit: Reliakit,
    rollout: str,
    *,
    user: Callable[..., str | int | UUID | None] | None = None,
    ignore: tuple[type[BaseException], ...] = (),
) -> RouteDecorator:
    """Gives a route two endpoints, one for each slot of a rollout.

    Write `@rollout_route(kit, "search")` below `@app.get("/search")`, and `@search.canary` above the other function.
    Both have the same parameters, so path, query, body and dependencies are read once, before it is decided which of
    the two runs, and the OpenAPI schema has one operation. As `kit.rollout`, but judged as a response: an
    HTTPException below 500 is an answer, a Response of 500 and above is an error.

    Args:
        kit: decides.
        rollout: the name of one whose slots have no upstream.
        user: gives the targeting key from the parameters of the endpoint; by default it is the request's own.
        ignore: other exceptions that are answers, as those that a handler of the application makes a 4xx of.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        split: Any = kit.rollout(rollout, user=user, ignore=ignore)(_judged(function))
        answering: Any = _answering(split)

        def canary(other: Callable[..., Any]) -> Callable[..., Any]:
            split.canary(_judged(other))
            return other

        answering.canary = canary
        return answering

    return cast(RouteDecorator, decorate)


class _Refused:
    """An exception that is an answer."""

    def __init__(self, raised: HTTPException) -> None:
        self.raised = raised


class _Broken(Exception):
    """A response that is an error."""

    def __init__(self, response: Response) -> None:
        self.response = response


def _judged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes of an endpoint a function that raises where its response is an error, and nowhere else."""
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def later(*args: Any, **kwargs: Any) -> Any:
            try:
                return _sound(await function(*args, **kwargs))
            except HTTPException as raised:
                return _refusal(raised)

        return later

    @wraps(function)
    def now(*args: Any, **kwargs: Any) -> Any:
        try:
            return _sound(function(*args, **kwargs))
        except HTTPException as raised:
            return _refusal(raised)

    return now


def _answering(split: Callable[..., Any]) -> Callable[..., Any]:
    """Undoes what `_judged` did, once the outcome has been counted."""
    if inspect.iscoroutinefunction(split):

        @wraps(split)
        async def later(*args: Any, **kwargs: Any) -> Any:
            try:
                return _answer(await split(*args, **kwargs))
            except _Broken as broken:
                return broken.response

        return later

    @wraps(split)
    def now(*args: Any, **kwargs: Any) -> Any:
        try:
            return _answer(split(*args, **kwargs))
        except _Broken as broken:
            return broken.response

    return now


def _sound(answer: Any) -> Any:
    if isinstance(answer, Response) and answer.status_code >= _SERVER_ERROR:
        raise _Broken(answer)
    return answer


def _refusal(raised: HTTPException) -> _Refused:
    if raised.status_code >= _SERVER_ERROR:
        raise raised
    return _Refused(raised)


def _answer(answer: Any) -> Any:
    if isinstance(answer, _Refused):
        raise answer.raised
    return answer
