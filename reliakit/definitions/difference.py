"""What changed between two definitions, in a line a change that a person can read aloud."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from reliakit.definitions.models import Definitions, Flag, RolloutSection

__all__ = ["difference"]

_SECTIONS = (
    "environment",
    "revision",
    "identity",
    "overrides",
    "outcomes",
    "segments",
    "upstreams",
    "routes",
)
_SECRET = {"identity", "overrides"}


def difference(old: Definitions, new: Definitions) -> Iterator[str]:
    """Yields the changes: flags first, then rollouts, then the other sections by name."""
    yield from _mapping("flag", old.flags, new.flags)
    yield from _mapping("rollout", old.rollouts, new.rollouts)
    for name in _SECTIONS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield (
                f"{name} changed"
                if name in _SECRET or name == "routes"
                else f"{name}: {_short(before, after)}"
            )


def _mapping(noun: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    added, removed = [key for key in new if key not in old], [key for key in old if key not in new]
    yield from _counted(noun, "added", added)
    yield from _counted(noun, "removed", removed)
    for key, after in new.items():
        if key in old and old[key] != after:
            yield f"{key}: {', '.join(_changes(old[key], after))}"


def _counted(noun: str, verb: str, keys: list[str]) -> Iterator[str]:
    if keys:
        yield f"{len(keys)} {noun}{'s' if len(keys) > 1 else ''} {verb}: {', '.join(keys)}"


def _changes(old: Flag | RolloutSection, new: Flag | RolloutSection) -> Iterator[str]:
    if isinstance(old, Flag) and isinstance(new, Flag) and _reach(old) != _reach(new):
        yield f"{_reach(old)} -> {_reach(new)}"
    for field in msgspec.structs.fields(type(new)):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after and not (isinstance(new, Flag) and field.name in _SAID_BY_REACH):
            yield f"{field.encode_name} {_short(before, after)}"


_SAID_BY_REACH = ("percentage", "enabled", "otherwise")


def _reach(flag: Flag) -> str:
    """Who gets the flag beyond its rules and allowlist."""
    if not flag.enabled:
        return "disabled"
    if flag.percentage is not None:
        return f"{flag.percentage:g} %"
    if flag.otherwise is not None:
        return f"otherwise {_word(flag.otherwise)}"
    if flag.split is not None:
        return "split"
    return "off for others" if flag.allowlist or flag.rules else "everyone"


def _short(before: Any, after: Any) -> str:
    return f"{_word(before)} -> {_word(after)}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "none"
    text = str(msgspec.to_builtins(value))
    return text if len(text) <= 60 else f"{text[:57]}..."
