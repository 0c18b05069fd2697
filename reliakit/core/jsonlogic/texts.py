"""flagd's operators on texts: `starts_with`, `ends_with` and `sem_ver`. Null where they can't tell."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from reliakit.core.jsonlogic.work import Work
from reliakit.core.semver import Version, parse

__all__ = ["TEXTS", "VERSION_OPERATORS", "version"]

_REMEMBERED = 1024
_LONGEST = 256


def _affix(holds: Callable[[str, str], bool]) -> Callable[..., bool | None]:
    def test(data: Any, work: Work, *given: Any) -> bool | None:
        if len(given) != 2 or not isinstance(given[0], str) or not isinstance(given[1], str):
            return None
        return holds(given[0], given[1])

    return test


def _sem_ver(data: Any, work: Work, *given: Any) -> bool | None:
    if len(given) != 3:
        return None
    one, holds, other = version(given[0]), _held(given[1]), version(given[2])
    return None if one is None or other is None or holds is None else holds(one, other)


def _held(operator: Any) -> Callable[[Version, Version], bool] | None:
    return VERSION_OPERATORS.get(operator) if isinstance(operator, str) else None


def version(value: Any) -> Version | None:
    """Returns a version as flagd reads it, or None where it is none. The number 1.2 is a version too."""
    if isinstance(value, str):
        return _parsed(value) if len(value) <= _LONGEST else None
    return _parsed(str(value)) if isinstance(value, int | float) else None


@lru_cache(_REMEMBERED)
def _parsed(written: str) -> Version | None:
    try:
        return parse("v" + written[1:] if written.startswith("V") else written)
    except ValueError:
        return None


def _same_major(one: Version, other: Version) -> bool:
    return one[0] == other[0]


def _same_minor(one: Version, other: Version) -> bool:
    return one[:2] == other[:2]


VERSION_OPERATORS: Mapping[str, Callable[[Version, Version], bool]] = {
    "=": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "^": _same_major,
    "~": _same_minor,
}
"""Of `sem_ver`. Unlike in a range of the native format, `^` and `~` set no lower bound: flagd has it so."""

TEXTS: Mapping[str, Callable[..., bool | None]] = {
    "starts_with": _affix(str.startswith),
    "ends_with": _affix(str.endswith),
    "sem_ver": _sem_ver,
}
