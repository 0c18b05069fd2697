"""Semantic versions and ranges of them.

Source: Tom Preston-Werner, 2013, Semantic Versioning 2.0.0 (precedence: section 11).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

__all__ = ["Version", "parse", "satisfies"]

Version = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]
"""Major, minor, patch, is a release, pre-release identifiers: compares by precedence."""

_NUMBER = r"(0|[1-9]\d*)"
_IDENTIFIER = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"v?{_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
_COMPARATOR = re.compile(r"\s*(>=|<=|!=|>|<|=|\^|~)?\s*([^\s,<>=!^~]+)\s*,?")
_COMPARE: dict[str, Callable[[Version, Version], bool]] = {
    "": eq,
    "=": eq,
    "!=": ne,
    ">": gt,
    ">=": ge,
    "<": lt,
    "<=": le,
}
_LONGEST = 256
_REMEMBERED = 1024


def parse(text: str) -> Version:
    """Returns the version written as `text`; missing minor and patch are 0, build metadata is ignored.

    Raises:
        ValueError: it is not a version.
        TypeError: it is not text.
    """
    if not isinstance(text, str):
        raise TypeError("a version is text")
    match = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a semantic version such as 2.3.0")
    major, minor, patch, pre = match.groups()
    return int(major), int(minor or 0), int(patch or 0), pre is None, _identifiers(pre or "")


def _identifiers(pre: str) -> tuple[tuple[int, int, str], ...]:
    parts = pre.split(".") if pre else []
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


def satisfies(range_text: str) -> Callable[[str], bool]:
    """Compiles a range: comparators that must all hold, such as `>=2.3.0 <3`, `^1.4` or `~1.4.2`.

    The answer is remembered per distinct version, up to 1,024 of them.

    Returns:
        A function of a version's text; it raises ValueError or TypeError where `parse` does.

    Raises:
        ValueError: the range can't be read.
    """
    bounds = tuple(_bounds(range_text))

    @lru_cache(_REMEMBERED)
    def holds(text: str) -> bool:
        version = parse(text)
        return all(compare(version, bound) for compare, bound in bounds)

    return holds


def _bounds(range_text: str) -> list[tuple[Callable[[Version, Version], bool], Version]]:
    bounds: list[tuple[Callable[[Version, Version], bool], Version]] = []
    position = 0
    while position < len(range_text) or not bounds:
        match = _COMPARATOR.match(range_text, position)
        if match is None:
            raise ValueError(f"{range_text!r} is not a range of versions such as '>=2.3.0 <3'")
        bounds.extend(_comparator(match.group(1) or "", match.group(2)))
        position = match.end()
    return bounds


def _comparator(operator: str, text: str) -> list[tuple[Callable[[Version, Version], bool], Version]]:
    low = parse(text)
    if operator not in ("^", "~"):
        return [(_COMPARE[operator], low)]
    return [(ge, low), (lt, _ceiling(operator, low, text))]


def _ceiling(operator: str, low: Version, text: str) -> Version:
    """The first version that `^` (same leftmost non-zero part) or `~` (same minor) leaves out."""
    major, minor, patch = low[:3]
    written = re.split("[-+]", text, maxsplit=1)[0].count(".")
    if operator == "~":
        parts = (major, minor + 1, 0) if written else (major + 1, 0, 0)
    elif major or not written:
        parts = (major + 1, 0, 0)
    elif minor or written == 1:
        parts = (0, minor + 1, 0)
    else:
        parts = (0, 0, patch + 1)
    # Below its first pre-release: `<2.0.0-0` keeps 2.0.0-rc.1 out of ^1.4, which people expect.
    return (*parts, False, ())
