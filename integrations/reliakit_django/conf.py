"""The setting RELIAKIT: one mapping, every key of which may be left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from reliakit import Reliakit

__all__ = ["KEYS", "ON_INVALID", "SETTING", "Configured", "configured", "loaded", "placed", "written"]

SETTING = "RELIAKIT"
KEYS = ("CONFIG", "SOURCE", "STORE", "ON_INVALID", "USER", "CONTEXT")
ON_INVALID = ("last_good", "refuse")
_DEFAULT_FILE = "reliakit.yaml"


@dataclass(frozen=True, slots=True)
class Configured:
    """What RELIAKIT says, ready for use."""

    source: Any
    """What `Reliakit` takes: a path, a URL, a mapping or a source."""
    store: str | None
    on_invalid: Any
    user: Callable[..., Any] | None
    """Gives the targeting key of a request; None for `request.user.pk`."""
    context: Callable[..., Any] | None
    """Gives the attributes of a request."""

    def kit(self) -> "Reliakit":
        """Makes a kit.

        Raises:
            ConfigurationError: the definitions can't be used, and there are no last good ones.
        """
        from reliakit import Reliakit

        return Reliakit(self.source, store=self.store, on_invalid=self.on_invalid)


def written() -> Mapping[str, Any]:
    """Returns RELIAKIT as it is in the settings.

    Raises:
        ImproperlyConfigured: it is not a mapping.
    """
    found = getattr(settings, SETTING, {})
    if not isinstance(found, Mapping):
        raise ImproperlyConfigured(f"{SETTING} has to be a dict, not {type(found).__name__}")
    return found


def configured() -> Configured:
    """Reads RELIAKIT.

    Raises:
        ImproperlyConfigured: something in it can't be used; `manage.py check` tells all of it.
        ImportError: a dotted path leads nowhere.
    """
    given = written()
    unknown = [key for key in given if key not in KEYS]
    if unknown:
        raise ImproperlyConfigured(f"{SETTING} has no key {unknown[0]!r}; run: manage.py check")
    on_invalid = given.get("ON_INVALID", ON_INVALID[0])
    if on_invalid not in ON_INVALID:
        raise ImproperlyConfigured(
            f"{SETTING}['ON_INVALID'] is {' or '.join(ON_INVALID)}, not {on_invalid!r}"
        )
    return Configured(
        _source(given),
        given.get("STORE"),
        on_invalid,
        loaded(given.get("USER")),
        loaded(given.get("CONTEXT")),
    )


def loaded(named: Any) -> Any:
    """Returns what a dotted path names; anything else is what it is."""
    return import_string(named) if isinstance(named, str) else named


def _source(given: Mapping[str, Any]) -> Any:
    named = given.get("SOURCE")
    if named is None:
        return placed(given.get("CONFIG", _DEFAULT_FILE))
    if "CONFIG" in given:
        raise ImproperlyConfigured(f"{SETTING} has both CONFIG and SOURCE; leave one of them out")
    found = loaded(named)
    # A source is an object with `load`; whatever else was named makes one. A class has `load` too, and is not one.
    return found if hasattr(found, "load") and not isinstance(found, type) else found()


def placed(config: Any) -> Any:
    """A path is relative to the project, wherever the process was started."""
    if isinstance(config, Mapping) or not isinstance(config, str | PathLike) or "://" in str(config):
        return config
    return Path(getattr(settings, "BASE_DIR", ""), config)
