"""The kit of this process: made when it is first asked for, and again when a test changes the settings."""

import threading
from typing import Any

from django.core.signals import setting_changed

from reliakit import Reliakit
from reliakit_django.conf import SETTING, configured

__all__ = ["kit"]


class _Process:
    """Holds the kit."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._made: Reliakit | None = None

    def kit(self) -> Reliakit:
        """Returns the kit that the setting RELIAKIT describes, the same one for the whole process.

        Raises:
            ImproperlyConfigured: the setting can't be used.
            ConfigurationError: the definitions can't be used, and there are no last good ones.
        """
        return self._made or self._make()

    def changed(self, *, setting: str, **_: Any) -> None:
        """For `override_settings`: what comes next is decided by what the settings say then."""
        if setting in (SETTING, "BASE_DIR"):
            with self._making:
                past, self._made = self._made, None
            if past is not None:
                past.close()

    def _make(self) -> Reliakit:
        with self._making:
            if self._made is None:
                self._made = configured().kit()
            return self._made


_process = _Process()
kit = _process.kit
setting_changed.connect(_process.changed, dispatch_uid="reliakit_django.kits")
