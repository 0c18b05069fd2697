"""Who sent a request: found out once, and not before somebody checks a flag."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from threading import get_ident
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest
from django.utils.functional import LazyObject

from reliakit_django.conf import Configured

__all__ = ["Asker"]

_log = logging.getLogger("reliakit")
_FAILED = "the callable that gives the user or the context failed; the request goes on as nobody's"
_TOO_EARLY = (
    "a flag was checked in async code before it was known who is asking, and was answered as nobody's; "
    "write: await request.reliakit.aenabled(...), which may ask the database"
)


class Asker:
    """Finds out who sent one request, by USER and CONTEXT of the settings.

    Args:
        request: who sent it.
        configured: has the callables.
        passage: is told.
    """

    __slots__ = ("_busy", "_context", "_passage", "_request", "_turn", "_user")

    def __init__(self, request: HttpRequest, configured: Configured, passage: Any) -> None:
        self._request, self._passage = request, passage
        self._user, self._context = configured.user, configured.context
        self._busy: set[int] = set()
        self._turn: asyncio.Lock | None = None

    def __call__(self) -> None:
        """Finds out now; what can't be, in async code, is left for `later`."""
        thread = get_ident()
        if thread in self._busy:  # the callable checks a flag itself
            return
        self._busy.add(thread)
        try:
            self._passage.found(*self._said())
        except SynchronousOnlyOperation:
            _log.error(_TOO_EARLY)
        except Exception:
            _log.exception(_FAILED)
            self._passage.found(None, {})
        finally:
            self._busy.discard(thread)

    async def later(self) -> None:
        """Finds out in async code, once, however many tasks of the request want to know."""
        self._turn = self._turn or asyncio.Lock()
        async with self._turn:
            if not self._passage.asks:
                return
            try:
                said = await self._said_later()
            except Exception:
                _log.exception(_FAILED)
                said = None, {}
            if self._passage.asks:  # and nobody has called `identify` meanwhile
                self._passage.found(*said)

    def _said(self) -> tuple[Any, Mapping[str, Any]]:
        user = _called(self._user or _signed_in, self._request)
        return user, _called(self._context or _nothing, self._request) or {}

    async def _said_later(self) -> tuple[Any, Mapping[str, Any]]:
        given = [each for each in (self._user, self._context) if each is not None]
        if not any(map(iscoroutinefunction, given)) and (given or not hasattr(self._request, "auser")):
            # In one thread: both may want `request.user`, which asks the database once.
            return await sync_to_async(self._said)()
        user = await _called_later(self._user or _signed_in_later, self._request)
        return user, await _called_later(self._context or _nothing, self._request) or {}


def _signed_in(request: HttpRequest) -> Any:
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject):  # whom `await request.auser()` has found is not asked for again
        user = getattr(request, "_acached_user", user)
    return None if user is None else user.pk


async def _signed_in_later(request: Any) -> Any:
    # After a login, `user` is the person, and `auser` still gives who it was before.
    if isinstance(request.user, LazyObject):
        return (await request.auser()).pk
    return _signed_in(request)


def _nothing(_: HttpRequest) -> None:
    """Stands in where no attributes are configured."""


def _called(function: Callable[..., Any], request: HttpRequest) -> Any:
    if not iscoroutinefunction(function):
        return function(request)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return async_to_sync(function)(request)
    raise SynchronousOnlyOperation


async def _called_later(function: Callable[..., Any], request: HttpRequest) -> Any:
    if iscoroutinefunction(function):
        return await function(request)
    return await sync_to_async(function)(request)
