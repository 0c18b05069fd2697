"""How JsonLogic takes one kind of value for another, as flagd's Python evaluator does, oddities included.

What walks through lists pays for every item: items can be shared, so a list that took a hundred steps to build may
take for ever to walk through.
"""

from datetime import UTC, date, datetime
from math import nan
from typing import Any

from reliakit.core.jsonlogic.work import Exhausted, Work, spend

__all__ = ["bounded", "equals", "number", "same", "text", "truthy"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INFINITIES = ("inf", "+inf", "-inf")
_WRITTEN = (str, list, dict)
_LETTERS_A_STEP = 64
_LONGEST_NUMBER = 65_536


def truthy(value: Any) -> bool:
    """Whether a value counts as true: all but null, false, 0, not-a-number, and empty texts and lists."""
    if value is True or value is False or value is None:
        return value is True
    if isinstance(value, float):
        return value == value and value != 0
    return bool(value) if isinstance(value, str | int | list) else True


def number(value: Any, work: Work) -> float:
    """Returns the number that a value stands for; not-a-number where it stands for none.

    Raises:
        TypeError: it is of a kind that JSON doesn't have, other than a moment with a time zone.
    """
    if isinstance(value, int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, str):
        return _parsed(value, work)
    if isinstance(value, list):
        spend(work, 1)
        return number(value[0], work) if len(value) == 1 else nan if value else 0
    if isinstance(value, dict):
        return nan
    if isinstance(value, datetime):
        return (value - _EPOCH).total_seconds() * 1000
    raise TypeError("no number")


def _parsed(written: str, work: Work) -> float:
    spend(work, len(written) // _LETTERS_A_STEP)
    if written.strip().lower() in _INFINITIES:
        return nan
    try:
        return float(written)
    except ValueError:
        return nan


def bounded(value: float, work: Work) -> float:
    """Returns a number that was worked out, unless it grows without end.

    Raises:
        Exhausted: it has more than 65,536 bits.
    """
    if isinstance(value, int) and value.bit_length() > _LETTERS_A_STEP:
        spend(work, value.bit_length() // _LETTERS_A_STEP)
        if value.bit_length() > _LONGEST_NUMBER:
            raise Exhausted
    return value


def text(value: Any, work: Work) -> str:
    """Returns the text that a value stands for."""
    if isinstance(value, str):
        spend(work, len(value) // _LETTERS_A_STEP)
        return value
    if isinstance(value, float):
        return f"{value:.15g}"
    if value is None:
        return "null"
    if isinstance(value, list):
        spend(work, len(value))
        return ",".join([text(item, work) for item in value])
    if isinstance(value, dict):
        return "[object Object]"
    return value.isoformat() if isinstance(value, date) else str(value)


def equals(one: Any, other: Any, work: Work) -> bool:
    """Whether two values are equal by `==`, which takes texts for numbers, and lists and mappings for themselves alone.

    Raises:
        TypeError: they can't be compared.
    """
    if type(one) is type(other):
        return one is other if isinstance(one, list | dict) else bool(one == other)
    if isinstance(one, int | float) or isinstance(other, int | float):
        return number(one, work) == number(other, work)
    if one is None or other is None:
        return False
    return _unlike(one, other, work)


def _unlike(one: Any, other: Any, work: Work) -> bool:
    """Of two kinds, and neither a number nor null."""
    if not isinstance(one, _WRITTEN) or not isinstance(other, _WRITTEN):
        raise TypeError("no comparison")
    if isinstance(one, str) or isinstance(other, str):
        return text(one, work) == text(other, work)
    return False


def same(one: Any, other: Any, work: Work) -> bool:
    """Whether two values are the same, item by item. True is 1, and 1 is 1.0."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_alike(*pair, work) for pair in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key], work) for key in one)
    return bool(one == other)


def _alike(one: Any, other: Any, work: Work) -> bool:
    spend(work, 1)
    return one is other or same(one, other, work)
