"""Whether a flag, a switch or a sample is active.

Definitions that the import has marked (`metadata: {waffle: flag}`) answer by waffle's rules: by its cookies, and by a
coin for those who have none. All others answer as everywhere in reliakit, by the user's bucket.
"""

import logging
from collections.abc import Mapping
from typing import Any

from reliakit import ErrorCode
from reliakit_django.flags import flags_of
from reliakit_django.kits import kit
from reliakit_django.waffle.defaults import setting
from reliakit_django.waffle.naming import MARK, Kind, key_of
from reliakit_django.waffle.overridden import percentage_of
from reliakit_django.waffle.visitor import Drawn, Visitor

__all__ = ["flag_is_active", "sample_is_active", "switch_is_active"]

_log = logging.getLogger("waffle")
_NOBODY = ""
"""The user of what is no request's: none is asked for, and none made up."""


def flag_is_active(request: Any, flag_name: str, read_only: bool = False) -> bool:
    """Tells whether a flag is active for whoever sent a request.

    Args:
        request: None has neither a user nor cookies.
        flag_name: as waffle had it.
        read_only: whether a coin that would have to be thrown is not, and the flag inactive for this request.
    """
    key = key_of("flag", flag_name)
    written = kit().flags.get(key)
    if written is None:
        return _answered("flag", flag_name, key, {})
    if not _is_marked(written, "flag"):
        return _native(request, key)
    if setting("OVERRIDE") and flag_name in request.GET:
        return bool(request.GET[flag_name] == "1")
    visitor = Visitor(request, flag_name, written, read_only)
    return _answered("flag", flag_name, key, visitor, visitor.key if _asks_for_key(written) else _NOBODY)


def switch_is_active(switch_name: str) -> bool:
    """Tells whether a switch is active, for everybody."""
    return _answered("switch", switch_name, key_of("switch", switch_name), {})


def sample_is_active(sample_name: str) -> bool:
    """Tells whether a sample is active in this call; in the next one it may not be."""
    key = key_of("sample", sample_name)
    percentage = percentage_of(key, kit().flags.get(key, {}))
    return _answered("sample", sample_name, key, {} if percentage is None else Drawn(percentage))


def _is_marked(written: Mapping[str, Any], kind: Kind) -> bool:
    return bool(written.get("metadata", {}).get(MARK) == kind)


def _native(request: Any, key: str) -> bool:
    asked: Any = kit() if request is None else flags_of(request)
    return bool(asked.enabled(key, default=bool(setting("FLAG_DEFAULT"))))


def _answered(kind: Kind, name: str, key: str, context: Mapping[str, Any], user: str = _NOBODY) -> bool:
    found = kit().evaluate(key, user=user, context=context)
    if found.error_code is None:
        return found.value is True
    if found.error_code == ErrorCode.FLAG_NOT_FOUND:
        _tell(kind, name)
    else:
        _log.error("%s %s could not be decided: %s", kind.capitalize(), name, found.error_message)
    default: bool = setting(f"{kind.upper()}_DEFAULT")
    return default


def _tell(kind: Kind, name: str) -> None:
    level = setting(f"LOG_MISSING_{kind.upper()}{'ES' if kind == 'switch' else 'S'}")
    if level:
        _log.log(level, "%s %s not found", kind.capitalize(), name)


def _asks_for_key(written: Mapping[str, Any]) -> bool:
    """Whether a definition decides by the user's key: only then is the session opened, which waffle opens for what it
    asks of the user."""
    rules = written.get("rules", ())
    shares = any("percentage" in rule or "split" in rule for rule in rules)
    return shares or "allowlist" in written or any("targeting_key" in rule["if"] for rule in rules)
