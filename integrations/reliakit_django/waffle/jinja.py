"""`{% if waffle.flag("new_checkout") %}` in Jinja2: an extension, for `extensions` of the environment."""

from typing import Any

from jinja2 import Environment, pass_context
from jinja2.ext import Extension

from reliakit_django.waffle.answers import flag_is_active, sample_is_active, switch_is_active
from reliakit_django.waffle.views import script

__all__ = ["WaffleExtension"]


class WaffleExtension(Extension):
    """Brings `waffle.flag`, `waffle.switch`, `waffle.sample` and `waffle.wafflejs`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals["waffle"] = {
            "flag": _flag,
            "switch": switch_is_active,
            "sample": sample_is_active,
            "wafflejs": _script,
        }


@pass_context
def _flag(context: Any, flag_name: str) -> bool:
    return flag_is_active(context["request"], flag_name)


@pass_context
def _script(context: Any) -> str:
    return script(context["request"])
