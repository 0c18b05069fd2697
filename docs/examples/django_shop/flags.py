"""Whom the shop's flags are for."""

from typing import Any

from django.http import HttpRequest

__all__ = ["context", "user"]


def user(request: HttpRequest) -> str | None:
    """The key by which flags know somebody: here, the name, and not the number in the database."""
    return request.user.get_username() or None


def context(request: HttpRequest) -> dict[str, Any]:
    """What rules may ask for."""
    plan = getattr(request.user, "plan", None)
    return {} if plan is None else {"plan": plan}
