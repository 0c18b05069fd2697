"""Which flags may answer differently under other definitions."""

from collections.abc import Iterator, Mapping, Set
from typing import Any

from reliakit.definitions.flags import wanted_by
from reliakit.definitions.models import Definitions, Flag

__all__ = ["affected_flags"]

_SEGMENT = "segment"


def affected_flags(old: Definitions, new: Definitions) -> frozenset[str]:
    """Returns the flags that came, went or changed, and those that lean on a segment or a flag that did."""
    segments = _differing(old.segments, new.segments)
    names = {name: frozenset(_named(condition)) for name, condition in new.segments.items()}
    segments = _spread(segments, names) if segments else segments
    changed = _differing(old.flags, new.flags)
    if segments:
        changed = changed.union(key for key, flag in new.flags.items() if _uses(flag, segments))
    return _spread(changed, {key: frozenset(dict(wanted_by(flag))) for key, flag in new.flags.items()})


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    gone = object()
    return frozenset(key for key in old.keys() | new.keys() if old.get(key, gone) != new.get(key, gone))


def _uses(flag: Flag, segments: Set[str]) -> bool:
    return any(name in segments for rule in flag.rules for name in _named(rule.if_))


def _named(condition: Any) -> Iterator[str]:
    """The segments that a condition names, at whatever depth."""
    if isinstance(condition, Mapping):
        for key, inside in condition.items():
            yield from _texts(inside) if key == _SEGMENT else _named(inside)
    elif isinstance(condition, list | tuple):
        for inside in condition:
            yield from _named(inside)


def _texts(written: Any) -> Iterator[str]:
    yield from [written] if isinstance(written, str) else written


def _spread(changed: frozenset[str], leaning: Mapping[str, Set[str]]) -> frozenset[str]:
    """Adds what leans on something that changed, and what leans on that."""
    while added := {key for key, on in leaning.items() if key not in changed and not changed.isdisjoint(on)}:
        changed = changed.union(added)
    return changed
