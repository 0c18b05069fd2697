"""What changed between two definitions, in a line a change that a person can read aloud.

Lines go to logs. What may hold a secret or name a person (keys, values, lists of users) is only said to have changed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from reliakit.definitions.flags import variants_of
from reliakit.definitions.models import Definitions, Flag
from reliakit.definitions.quantities import percent_text, share
from reliakit.definitions.rollout_models import ObjectiveSection, ReleaseSection, StepSection

__all__ = ["difference", "served"]

_NAMED = {"flags": "flag", "rollouts": "rollout", "segments": "segment", "upstreams": "upstream"}
_SHOWN = (
    "owner", "kind", "created", "public", "default", "weight", "initial", "sticky", "strategy", "steps",
    "deadline", "rollback_window", "slo", "release",
)  # fmt: skip
_SERVED = ("percentage", "split", "otherwise")
_SECTIONS = (
    "environment",
    "revision",
    "node",
    "listen",
    "identity",
    "overrides",
    "outcomes",
    "routes",
    "store",
    "notify",
)
_LISTS = (Mapping, tuple)


def difference(old: Definitions, new: Definitions) -> Iterator[str]:
    """Yields the changes: flags first, then rollouts, segments, upstreams and the other sections."""
    for section, noun in _NAMED.items():
        yield from _mapping(noun, getattr(old, section), getattr(new, section))
    for section in _SECTIONS:
        before, after = getattr(old, section), getattr(new, section)
        if before != after:
            shown = section in ("environment", "revision")
            yield f"{section}: {_word(before)} -> {_word(after)}" if shown else f"{section} changed"


def _mapping(noun: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from _counted(noun, "added", [key for key in new if key not in old])
    yield from _counted(noun, "removed", [key for key in old if key not in new])
    for key, after in new.items():
        if key in old and old[key] != after:
            name = key if noun == "flag" else f"{noun} {key}"
            changes = list(_changes(old[key], after))
            yield f"{name}: {('; ' if any(', ' in each for each in changes) else ', ').join(changes)}"


def _counted(noun: str, verb: str, keys: list[str]) -> Iterator[str]:
    if keys:
        yield f"{len(keys)} {noun}{'s' if len(keys) > 1 else ''} {verb}: {', '.join(keys)}"


def _changes(old: Any, new: Any) -> Iterator[str]:
    if not isinstance(new, Struct):
        yield "changed"
        return
    if isinstance(new, Flag):
        yield from _service(old, new)
    for name in new.__struct_fields__:
        before, after = getattr(old, name, None), getattr(new, name)
        if before != after and name not in ("enabled", *_SERVED):
            yield _change(name, before, after)


def _service(old: Flag, new: Flag) -> Iterator[str]:
    """Whom the flag is for, beside its rules and its allowlist."""
    if old.enabled != new.enabled:
        yield "disabled -> enabled" if new.enabled else "enabled -> disabled"
    before, after = served(old), served(new)
    if before != after:
        yield f"{before} -> {after}"
    else:
        yield from (f"{name} changed" for name in _SERVED if getattr(old, name) != getattr(new, name))


def served(flag: Flag) -> str:
    """Returns whom a flag is for, beside its rules and its allowlist: "10 %", "off for everyone else"."""
    if flag.percentage is not None:
        return _percent(flag.percentage)
    total = sum((flag.split or {}).values())
    if flag.split and total:
        return ", ".join(f"{name} {_percent(share / total * 100)}" for name, share in flag.split.items())
    targeted = bool(flag.allowlist or flag.rules or getattr(flag, "targeting", None))
    return f"{_everybody(flag, targeted)} for everyone{' else' if targeted else ''}"


def _everybody(flag: Flag, targeted: bool) -> str:
    if flag.otherwise is not None:
        return _word(flag.otherwise)
    if flag.default is not None:
        return _word(flag.default)
    return next(iter(variants_of(flag))) if flag.variants or not targeted else "off"


def _change(name: str, before: Any, after: Any) -> str:
    if name in _SHOWN:
        said = [_SAID.get(name, _word)(value) if value is not None else "none" for value in (before, after)]
        return f"{name} {' -> '.join(said)}" if said[0] != said[1] else f"{name} changed"
    if isinstance(before, _LISTS) and isinstance(after, _LISTS) and len(before) != len(after):
        return f"{name} {len(before)} -> {len(after)}"
    return f"{name} changed"


def _percent(share: float) -> str:
    return f"{share:.6g} %"


def _steps(steps: tuple[float | StepSection, ...]) -> str:
    return ", ".join(f"{step.weight if isinstance(step, StepSection) else step:.6g}" for step in steps)


def _objective(section: ObjectiveSection) -> str:
    return f"{percent_text(share(section.objective))} in {section.window}"


def _release(section: ReleaseSection) -> str:
    return f"{section.to} {section.version}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)


_SAID: Mapping[str, Callable[[Any], str]] = {
    "weight": _percent,
    "steps": _steps,
    "slo": _objective,
    "release": _release,
}
