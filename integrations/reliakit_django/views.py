"""Views that are there for those for whom a flag is on."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from reliakit_django.flags import flags_of

__all__ = ["FlagRequiredMixin", "Otherwise", "flag_required"]

View = TypeVar("View", bound=Callable[..., Any])
Otherwise = int | str | Callable[..., Any]
_FORBIDDEN, _MISSING = 403, 404


def flag_required(
    key: str, otherwise: Otherwise = _MISSING, *, default: bool = False
) -> Callable[[View], View]:
    """Shows a view, sync or async, to those for whom a flag is on: `@flag_required("new_checkout")`.

    Args:
        key: the flag.
        otherwise: what the others get: a status code; or where they are sent to, as `redirect` has it: the name of a
            URL, or a path; or another view with the same arguments.
        default: whether to show it to everybody where the flag is missing or can't be decided.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if flags_of(request).enabled(key, default=default):
                return view(request, *args, **kwargs)
            return _other(otherwise, request, *args, **kwargs)

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if await flags_of(request).aenabled(key, default=default):
                return await view(request, *args, **kwargs)
            return await _other_later(otherwise, request, *args, **kwargs)

        return guarded_async if iscoroutinefunction(view) else guarded  # type: ignore[return-value]

    return decorate


class FlagRequiredMixin:
    """Shows a class-based view, sync or async, to those for whom a flag is on; it comes first among the bases.

    Attributes:
        flag_required: the flag.
        flag_otherwise: what the others get, as for the decorator; a function is wrapped in `staticmethod`.
        flag_default: whether to show it to everybody where the flag is missing or can't be decided.
    """

    flag_required: str | None = None
    flag_otherwise: Otherwise = _MISSING
    flag_default = False

    def get_flag_required(self) -> str:
        """Returns the flag; override it for one that depends on the request.

        Raises:
            ImproperlyConfigured: no flag is named.
        """
        if self.flag_required is None:
            name = type(self).__name__
            raise ImproperlyConfigured(
                f"{name} has no flag: set {name}.flag_required, or override {name}.get_flag_required()"
            )
        return self.flag_required

    def handle_flag_off(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answers those for whom the flag is off; in an async view, what it returns may be awaited."""
        if getattr(self, "view_is_async", False):
            return _other_later(self.flag_otherwise, request, *args, **kwargs)
        return _other(self.flag_otherwise, request, *args, **kwargs)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Goes on to the view, or to `handle_flag_off`."""
        """Answers as the view does, where the flag is on."""
        if getattr(self, "view_is_async", False):
            return self._dispatch_later(request, *args, **kwargs)
        if flags_of(request).enabled(self.get_flag_required(), default=self.flag_default):
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return self.handle_flag_off(request, *args, **kwargs)

    async def _dispatch_later(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if await flags_of(request).aenabled(self.get_flag_required(), default=self.flag_default):
            return await super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        answer = self.handle_flag_off(request, *args, **kwargs)
        return await answer if hasattr(answer, "__await__") else answer


def _other(otherwise: Otherwise, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    if not callable(otherwise):
        return _refusal(otherwise)
    view = async_to_sync(otherwise) if iscoroutinefunction(otherwise) else otherwise
    return view(request, *args, **kwargs)


async def _other_later(otherwise: Otherwise, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    if not callable(otherwise):
        return _refusal(otherwise)
    view = otherwise if iscoroutinefunction(otherwise) else sync_to_async(otherwise)
    return await view(request, *args, **kwargs)


def _refusal(otherwise: int | str) -> HttpResponseBase:
    """The two that Django has exceptions for are shown by the project's own pages."""
    if isinstance(otherwise, str):
        return redirect(otherwise)
    if otherwise == _MISSING:
        raise Http404
    if otherwise == _FORBIDDEN:
        raise PermissionDenied
    return HttpResponse(status=otherwise)
