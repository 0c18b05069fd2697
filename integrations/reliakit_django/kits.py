"""The kit of this process: made when it is first asked for, and again when a test changes the settings."""

import threading
from dataclasses import dataclass
from typing import Any

from django.core.signals import setting_changed

from reliakit import Reliakit
from reliakit_django.conf import SETTING, Configured, configured

__all__ = ["InForce", "in_force", "kit"]


@dataclass(frozen=True, slots=True)
class InForce:
    """What the setting RELIAKIT has come to."""

    kit: Reliakit
    configured: Configured
    passages: Any
    """Of the kit; None where reliakit is inert."""


class _Process:
    def __init__(self) -> None:
        self._making = threading.Lock()
        self._made: InForce | None = None

    def in_force(self) -> InForce:
        return self._made or self._make()

    def changed(self, *, setting: str, **_: Any) -> None:
        """For `override_settings`: what comes next is decided by what the settings say then."""
        if setting in (SETTING, "BASE_DIR"):
            with self._making:
                past, self._made = self._made, None
            if past is not None:
                past.kit.close()

    def _make(self) -> InForce:
        with self._making:
            if self._made is None:
                found = configured()
                kit = found.kit()
                self._made = InForce(kit, found, kit.passages())
            return self._made


_process = _Process()
setting_changed.connect(_process.changed, dispatch_uid="reliakit_django.kits")


def in_force() -> InForce:
    """Returns the kit that the setting describes, with what belongs to it; raises as `kit` does."""
    return _process.in_force()


def kit() -> Reliakit:
    """Returns the kit that the setting RELIAKIT describes, the same one for the whole process.

    Ask for it where it is used, `kit().enabled("new_checkout")`, so that `override_settings` reaches it. In a request
    it knows who is asking.

    Raises:
        ImproperlyConfigured: the setting can't be used.
        ConfigurationError: the definitions can't be used, and there are no last good ones.
    """
    return _process.in_force().kit
