"""Views that are there where a flag or a switch is active; a name that starts with `!` turns it round."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse

from reliakit_django.waffle.answers import flag_is_active, switch_is_active
from reliakit_django.waffle.turning import holds

__all__ = ["waffle_flag", "waffle_switch"]

View = TypeVar("View", bound=Callable[..., Any])
Goal = Callable[..., Any] | str | None


def waffle_flag(flag_name: str, redirect_to: Goal = None) -> Callable[[View], View]:
    """Shows a view where a flag is active for the request; all others are redirected, or get a 404."""
    return _guarding(flag_name, redirect_to, lambda request: partial(flag_is_active, request))


def waffle_switch(switch_name: str, redirect_to: Goal = None) -> Callable[[View], View]:
    """Shows a view where a switch is active; else redirects, or gives a 404."""
    return _guarding(switch_name, redirect_to, lambda request: switch_is_active)


def _guarding(
    name: str, goal: Goal, asks: Callable[[HttpRequest], Callable[[str], bool]]
) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if holds(name, asks(request)):
                return view(request, *args, **kwargs)
            return _elsewhere(goal, *args, **kwargs)

        return guarded  # type: ignore[return-value]

    return decorate


def _elsewhere(goal: Goal, *args: Any, **kwargs: Any) -> HttpResponseBase:
    try:
        place = reverse(goal, args=args, kwargs=kwargs) if goal else None
    except NoReverseMatch:
        place = None
    if place is None:
        raise Http404
    return redirect(place)
