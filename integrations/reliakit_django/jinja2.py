"""Flags in Django's Jinja2 back end: `{% if flag("new_checkout") %}`, `{{ flag_value("banner", "#444") }}`.

Name `reliakit_django.jinja2.environment` in its OPTIONS; a project with an environment of its own adds `functions` to
the globals of that.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reliakit_django.kits import kit

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment", "flag", "flag_value", "functions"]


def flag(key: str, *, default: bool = False) -> bool:
    """Tells whether a flag is on for whoever sent the current request."""
    return kit().enabled(key, default=default)


def flag_value(key: str, default: Any = None) -> Any:
    """Returns the value of a flag for whoever sent the current request."""
    return kit().value(key, default)


functions: dict[str, Callable[..., Any]] = {"flag": flag, "flag_value": flag_value}
"""What templates call, by its name there."""


def environment(**options: Any) -> "Environment":
    """Returns an environment whose templates have both functions."""
    from jinja2 import Environment

    made = Environment(**options)  # noqa: S701 - Django passes autoescape among the options
    made.globals.update(functions)
    return made
