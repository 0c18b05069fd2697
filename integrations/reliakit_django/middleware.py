"""The middleware: one for WSGI and ASGI, for sync and async views."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from reliakit_django.flags import ATTRIBUTE, RequestFlags
from reliakit_django.kits import in_force

__all__ = ["ReliakitMiddleware"]


class ReliakitMiddleware:
    """Gives each request its flags: `"reliakit_django.middleware.ReliakitMiddleware"` in MIDDLEWARE.

    A request keeps the flags that it began with, and counts with the status of its response; a streaming one when it
    ends. It stands where it sees what most of the others answer: high in the list, below those that cache pages.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)
        in_force()  # so that a server with definitions that can't be used does not start

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._asynchronous:
            return self._later(request)
        passage = _admitted(request)
        if passage is None:
            return self._get_response(request)  # type: ignore[no-any-return]
        with passage.passing():
            return _answered(passage, request, self._get_response(request))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        passage = _admitted(request)
        if passage is None:
            return await self._get_response(request)  # type: ignore[no-any-return]
        with passage.passing():
            return _answered(passage, request, await self._get_response(request))


def _admitted(request: HttpRequest) -> Any:
    """Gives a request its flags; returns None where reliakit is inert."""
    current = in_force()
    if current.passages is None:
        setattr(request, ATTRIBUTE, RequestFlags(request, current, None))
        return None
    environ = _environ(request)
    passage = current.passages.admit(environ)
    if passage.environ is not environ:
        _strip(request, passage.environ)
    setattr(request, ATTRIBUTE, RequestFlags(request, current, passage))
    return passage


def _answered(passage: Any, request: HttpRequest, response: Any) -> HttpResponseBase:
    cookie = passage.answered(response.status_code, secure=passage.fresh and request.is_secure())
    if cookie is not None:
        response.cookies.load(cookie)
    if passage.recognised:
        patch_vary_headers(response, ("Cookie",))
    if not getattr(response, "streaming", False) or getattr(response, "file_to_stream", None) is not None:
        passage.ended()  # a file may be sent by the kernel, and is let be for it
    elif response.is_async:
        response.streaming_content = passage.over_async(response.streaming_content)
    else:
        response.streaming_content = passage.over(response.streaming_content)
    return response  # type: ignore[no-any-return]


def _environ(request: HttpRequest) -> dict[str, Any]:
    """Under ASGI, Django has the path as text, where WSGI has its bytes, each as one character."""
    if request.path_info.isascii() or not hasattr(request, "scope"):
        return request.META
    return {**request.META, "PATH_INFO": request.path_info.encode().decode("latin-1")}


def _strip(request: HttpRequest, believed: dict[str, Any]) -> None:
    """Takes from a request what others have forged, in place: somebody may hold its META already."""
    sent = [name for name in request.META if name.startswith("HTTP_")]
    for name in sent:
        if name not in believed:
            del request.META[name]
        else:
            request.META[name] = believed[name]
    for cached in ("headers", "COOKIES"):
        request.__dict__.pop(cached, None)
