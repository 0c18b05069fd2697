"""What is imported from `waffle.models` and is no model: those are gone."""

from reliakit_django.waffle.visitor import set_flag

__all__ = ["set_flag"]
