"""reliakit in Django: flags and releases in settings, views, templates, commands and the admin."""

from reliakit import MissingExtraError

try:
    import django as _django
except ImportError as missing:
    raise MissingExtraError("reliakit_django", "django") from missing

from reliakit_django.flags import RequestFlags, flags_of
from reliakit_django.kits import kit
from reliakit_django.routes import http_route
from reliakit_django.views import FlagRequiredMixin, flag_required

__all__ = ["FlagRequiredMixin", "RequestFlags", "flag_required", "flags_of", "http_route", "kit"]

del _django
