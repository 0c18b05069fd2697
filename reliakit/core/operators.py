"""The tests that a rule applies to one attribute.

Each builder takes the operand of a rule and returns a `Test`. A test answers True or False for a value of its
kind and raises TypeError or ValueError for any other: what then happens is decided in `conditions`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from reliakit.core import semver

__all__ = [
    "Matcher",
    "Test",
    "after",
    "at_least",
    "at_most",
    "before",
    "contains",
    "ends_with",
    "greater",
    "less",
    "matches",
    "member",
    "not_member",
    "starts_with",
    "version",
]

Matcher = Callable[[str], object]
"""Searches a text; truthy where it is found. The edge supplies it, from a linear-time regex engine."""

_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one value.

    `holds` is the whole test. One that only asks whether the value is (or, `negated`, is not) among `texts` says
    so, and a plain `str` is then looked up without a call.
    """

    holds: Callable[[Any], bool]
    texts: frozenset[str] | None = None
    negated: bool = False

    def __call__(self, value: Any) -> bool:
        return bool(self.holds(value))

    def source(self, value: str, bind: Callable[[Any], str]) -> str:
        """Returns the test as an expression; `value` is one too, and `bind` gives objects a made-up name."""
        if self.texts is None:
            return f"{bind(self.holds)}({value})"
        texts, holds = bind(self.texts), bind(self.holds)
        if self.negated:
            return f"(text not in {texts} if type(text := {value}) is str else {holds}(text))"
        return f"((text := {value}) in {texts} or type(text) is not str and {holds}(text))"


_SCALAR = str | int | float


def member(values: Iterable[Any]) -> Test:
    """The value is one of `values` (text, numbers, bools). True and 1 are different values, 1 and 1.0 are not."""
    known = tuple(values)
    return Test(_Among.of(known, wanted=True), _texts(known))


def not_member(values: Iterable[Any]) -> Test:
    """The value is text, a number or a bool, and none of `values`."""
    known = tuple(values)
    return Test(_Among.of(known, wanted=False), _texts(known), negated=True)


def _texts(known: tuple[Any, ...]) -> frozenset[str] | None:
    return frozenset(known) if all(isinstance(value, str) for value in known) else None


@dataclass(frozen=True, slots=True)
class _Among:
    """Membership of any scalar; for what is plain text, `Test.texts` has the same answer without a call."""

    known: frozenset[tuple[bool, Any]]
    wanted: bool

    @classmethod
    def of(cls, values: Iterable[Any], *, wanted: bool) -> "_Among":
        # Python has True == 1: each value goes with whether it is a bool.
        return cls(frozenset((isinstance(value, bool), value) for value in values), wanted)

    def __call__(self, value: Any) -> bool:
        # What is of another kind would pass for "none of them" without having been understood.
        if not isinstance(value, _SCALAR):
            raise TypeError("neither text, a number nor a bool")
        return ((isinstance(value, bool), value) in self.known) is self.wanted


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return value


def greater(bound: float) -> Test:
    """The value is a number above `bound`."""
    return Test(lambda value: _number(value) > bound)


def at_least(bound: float) -> Test:
    """The value is a number of `bound` or more."""
    return Test(lambda value: _number(value) >= bound)


def less(bound: float) -> Test:
    """The value is a number below `bound`."""
    return Test(lambda value: _number(value) < bound)


def at_most(bound: float) -> Test:
    """The value is a number of `bound` or less."""
    return Test(lambda value: _number(value) <= bound)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def starts_with(affixes: tuple[str, ...]) -> Test:
    """The value is text that starts with one of `affixes`."""
    return Test(lambda value: _text(value).startswith(affixes))


def ends_with(affixes: tuple[str, ...]) -> Test:
    """The value is text that ends with one of `affixes`."""
    return Test(lambda value: _text(value).endswith(affixes))


def contains(parts: tuple[str, ...]) -> Test:
    """The value is text that contains one of `parts`, or a list, tuple or set that holds one of them."""

    def holds(value: Any) -> bool:
        if not isinstance(value, str | list | tuple | set | frozenset):
            raise TypeError("neither text nor a list")
        return any(part in value for part in parts)

    return Test(holds)


def matches(search: Matcher) -> Test:
    """The value is text in which the regular expression behind `search` is found."""
    return Test(lambda value: bool(search(_text(value))))


def version(range_text: str) -> Test:
    """The value is a semantic version within `range_text`.

    Raises:
        ValueError: the range can't be read.
    """
    return Test(semver.satisfies(range_text))


def before(moment: str) -> Test:
    """The value is a date or time before `moment`: ISO 8601 text, `date` or `datetime`; naive ones are UTC.

    Raises:
        ValueError: `moment` is not an ISO 8601 date or time.
    """
    bound = _instant(moment)
    return Test(lambda value: _instant(value) < bound)


def after(moment: str) -> Test:
    """The value is a date or time after `moment`; read as in `before`."""
    bound = _instant(moment)
    return Test(lambda value: _instant(value) > bound)


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        return _iso(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise TypeError("neither a date nor a time")


@lru_cache(_REMEMBERED)
def _iso(text: str) -> datetime:
    return _instant(datetime.fromisoformat(text))
