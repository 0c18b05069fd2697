"""The calls of django-waffle, answered by reliakit: write `reliakit_django.waffle` where the imports say `waffle`."""

from reliakit_django.waffle.answers import flag_is_active, sample_is_active, switch_is_active

__all__ = ["flag_is_active", "sample_is_active", "switch_is_active"]
