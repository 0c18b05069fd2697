"""Flags and segments that are edited in Django's admin: the application, and the source that reads them."""

from reliakit_django.stored.source import DatabaseSource

__all__ = ["DatabaseSource"]
