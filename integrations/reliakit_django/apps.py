"""The application, for INSTALLED_APPS."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core import checks

from reliakit_django.checks import check_setting
from reliakit_django.checks_in_use import check_definitions, check_middleware

__all__ = ["ReliakitConfig"]


class ReliakitConfig(AppConfig):
    """Brings the checks of settings, the template tags and `manage.py reliakit`; it has no models."""

    name = "reliakit_django"
    label = "reliakit"
    verbose_name = "Reliakit"

    def ready(self) -> None:
        for check in (check_setting, check_definitions, check_middleware):
            checks.register(check)
        for signal in (user_logged_in, user_logged_out):
            signal.connect(_renew, dispatch_uid="reliakit_django.apps")


def _renew(*, request: Any = None, **_: Any) -> None:
    """What is checked after a login is checked for whoever has logged in."""
    flags = getattr(request, "reliakit", None)
    if flags is not None:
        flags.renew()
