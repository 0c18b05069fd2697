"""reliakit in Django: flags and releases in settings, views, templates, commands and the admin."""

from reliakit import MissingExtraError

try:
    import django as _django
except ImportError as missing:
    raise MissingExtraError("reliakit_django", "django") from missing

from reliakit_django.kits import kit

__all__ = ["kit"]

del _django
