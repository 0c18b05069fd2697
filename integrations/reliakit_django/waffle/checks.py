"""Tells of settings of waffle that have no effect any more."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

__all__ = ["settings_without_effect"]

_CREATING = ("WAFFLE_CREATE_MISSING_FLAGS", "WAFFLE_CREATE_MISSING_SWITCHES", "WAFFLE_CREATE_MISSING_SAMPLES")


def settings_without_effect(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A check of Django's: definitions are written by people, and not by whoever asks."""
    return [
        checks.Warning(
            f"{name} has no effect: a flag that is missing gets its default, and is not created",
            hint=f"Take it out of the settings; {name.replace('CREATE', 'LOG')} tells of what is missing.",
            id="reliakit_waffle.W001",
        )
        for name in _CREATING
        if getattr(settings, name, False)
    ]
