"""System checks of what the setting leads to: the definitions, and the place of the middleware."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution
from django.utils.module_loading import import_string

from reliakit import ConfigurationError, Reliakit
from reliakit_django.checks import check_setting
from reliakit_django.conf import SETTING, configured, written

__all__ = ["check_definitions", "check_middleware"]

_OURS = "reliakit_django.middleware.ReliakitMiddleware"
_CACHES = "django.middleware.cache.UpdateCacheMiddleware"
_ELSEWHERE = "requests are routed to {}, which the middleware can't reach: the application answers them."
_WRAP = (
    "Where they are to go there, wrap the application in wsgi.py or asgi.py: "
    "application = kit().wsgi(get_wsgi_application(), upstreams={...}); then silence this check."
)


def check_definitions(**_: Any) -> list[CheckMessage]:
    """Reads the definitions, where they are in a file or in the settings; what is elsewhere may be away now."""
    if check_setting() or written().get("SOURCE") is not None:
        return []
    source = configured().source
    if isinstance(source, str | PathLike):
        source = os.environ.get("RELIAKIT_CONFIG") or source
        if "://" in str(source):
            return []
        if not Path(source).is_file():
            return [_missing(Path(source))]
    return list(_read(source)) if isinstance(source, str | PathLike | Mapping) else []


def _missing(file: Path) -> CheckMessage:
    said = f"There is no file {str(file)!r}, where {SETTING}['CONFIG'] has the definitions."
    if os.environ.get("RELIAKIT_CONFIG"):
        said = (
            f"There is no file {str(file)!r}, where RELIAKIT_CONFIG in the environment has the definitions."
        )
    hint = "Make it, with `format: 1` and `flags: {}` in it; a relative path starts at BASE_DIR."
    return Error(said, hint=hint, obj="settings", id="reliakit.E006")


def _read(source: Any) -> Iterator[CheckMessage]:
    try:
        kit = Reliakit(source, on_invalid="refuse", store="memory")
    except ConfigurationError as failed:
        hint = "manage.py reliakit check shows the lines." if not isinstance(source, Mapping) else None
        for problem in failed.problems:
            yield Error(
                f"The definitions can't be used: {problem}", hint=hint, obj="settings", id="reliakit.E007"
            )
        return
    with closing(kit):
        passages = kit.passages()
        if passages is not None and passages.elsewhere:
            said = _ELSEWHERE.format(", ".join(sorted(passages.elsewhere)))
            yield Caution(f"In the definitions, {said}", hint=_WRAP, obj="settings", id="reliakit.W003")


def check_middleware(**_: Any) -> list[CheckMessage]:
    """Looks for the middleware, and whether it stands where its cookie and its Vary header are seen."""
    from reliakit_django.middleware import ReliakitMiddleware

    places = [place for place, name in enumerate(settings.MIDDLEWARE) if _is(name, ReliakitMiddleware)]
    if not places:
        hint = f"Add {_OURS!r}, high in the list: request.reliakit comes from it, and outcomes are counted by it."
        return [Caution("MIDDLEWARE lacks that of reliakit.", hint=hint, obj="settings", id="reliakit.W001")]
    if _CACHES in settings.MIDDLEWARE[places[0] :]:
        said = f"In MIDDLEWARE, that of reliakit stands before {_CACHES!r}, which would give one visitor's page to all."
        hint = f"Move {_OURS!r} down, below it."
        return [Caution(said, hint=hint, obj="settings", id="reliakit.W002")]
    return []


def _is(name: str, wanted: type) -> bool:
    try:
        found = import_string(name)
    except ImportError:  # for Django to tell
        return False
    return isinstance(found, type) and issubclass(found, wanted)
