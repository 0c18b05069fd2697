"""The application, for INSTALLED_APPS."""

from django.apps import AppConfig
from django.db.models.signals import post_save

__all__ = ["StoredConfig"]


class StoredConfig(AppConfig):
    """Brings the tables of flags, segments and their history, and their pages in the admin."""

    name = "reliakit_django.stored"
    label = "reliakit_stored"
    verbose_name = "Feature flags"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from reliakit_django.stored.models import StoredFlag, StoredSegment, loaded

        for model in (StoredFlag, StoredSegment):
            post_save.connect(loaded, sender=model, dispatch_uid=f"reliakit_stored.{model.__name__}")
