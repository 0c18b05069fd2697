"""The application, for INSTALLED_APPS."""

from django.apps import AppConfig

__all__ = ["ReliakitConfig"]


class ReliakitConfig(AppConfig):
    """Brings the checks of settings, the template tags and `manage.py reliakit`; it has no models."""

    name = "reliakit_django"
    label = "reliakit"
    verbose_name = "Reliakit"
