"""The application, for INSTALLED_APPS in the place of `waffle`."""

from django.apps import AppConfig
from django.core.checks import register

__all__ = ["WaffleConfig"]


class WaffleConfig(AppConfig):
    """Brings the template tags `waffle_tags`; it has no models."""

    name = "reliakit_django.waffle"
    label = "reliakit_waffle"
    verbose_name = "django-waffle's calls"

    def ready(self) -> None:
        from reliakit_django.waffle.checks import settings_without_effect

        register(settings_without_effect)
