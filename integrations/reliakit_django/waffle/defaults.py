"""The settings of waffle that count here, with waffle's names and defaults."""

from typing import Any

from django.conf import settings

__all__ = ["setting"]

_DEFAULTS: dict[str, Any] = {
    "COOKIE": "dwf_%s",
    "TEST_COOKIE": "dwft_%s",
    "SECURE": True,
    "MAX_AGE": 2_592_000,
    "FLAG_DEFAULT": False,
    "SWITCH_DEFAULT": False,
    "SAMPLE_DEFAULT": False,
    "LOG_MISSING_FLAGS": None,
    "LOG_MISSING_SWITCHES": None,
    "LOG_MISSING_SAMPLES": None,
    "OVERRIDE": False,
}


def setting(name: str) -> Any:
    """Returns what `WAFFLE_` and the name is set to."""
    return getattr(settings, f"WAFFLE_{name}", _DEFAULTS[name])
