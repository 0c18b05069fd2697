"""Operators that are functions of their arguments: comparison, arithmetic, texts and lists.

Each takes the data (which these ignore), the work that is left, and its arguments, evaluated. Arguments beyond those
that an operator knows are ignored, as flagd does.
"""

import operator
from collections.abc import Callable, Mapping
from math import nan
from typing import Any

from reliakit.core.jsonlogic.values import bounded, equals, number, same, text, truthy
from reliakit.core.jsonlogic.work import Work, spend

__all__ = ["PLAIN", "Operator"]

Operator = Callable[..., Any]
_LETTERS_A_STEP = 64


def _equal(data: Any, work: Work, one: Any = None, other: Any = None, *_: Any) -> bool:
    return equals(one, other, work)


def _same(data: Any, work: Work, one: Any = None, other: Any = None, *_: Any) -> bool:
    return same(one, other, work)


def _unequal(data: Any, work: Work, one: Any = None, other: Any = None, *_: Any) -> bool:
    return not equals(one, other, work)


def _other(data: Any, work: Work, one: Any = None, other: Any = None, *_: Any) -> bool:
    return not same(one, other, work)


def _ordered(holds: Callable[[Any, Any], bool]) -> Operator:
    """An order of two values, or of three: `{"<": [1, {"var": "x"}, 10]}`."""

    def pair(one: Any, other: Any, work: Work) -> bool:
        numbers = isinstance(one, int | float) or isinstance(other, int | float)
        if not numbers and (isinstance(one, str) or isinstance(other, str)):
            return holds(text(one, work), text(other, work))
        return holds(number(one, work), number(other, work))

    def compare(data: Any, work: Work, a: Any = None, b: Any = None, c: Any = None, *_: Any) -> bool:
        return pair(a, b, work) and (c is None or pair(b, c, work))

    return compare


def _not(data: Any, work: Work, value: Any = None, *_: Any) -> bool:
    return not truthy(value)


def _truth(data: Any, work: Work, value: Any = None, *_: Any) -> bool:
    return truthy(value)


def _add(data: Any, work: Work, *values: Any) -> float:
    total: float = 0
    for value in values:
        total = bounded(total + number(value, work), work)
    return total


def _multiply(data: Any, work: Work, *values: Any) -> float:
    product: float = 1
    for value in values:
        product = bounded(product * number(value, work), work)
    return product


def _subtract(data: Any, work: Work, one: Any = None, other: Any = None, *_: Any) -> float:
    return bounded(-number(one, work) if other is None else number(one, work) - number(other, work), work)


def _divide(data: Any, work: Work, one: Any = None, other: Any = None, *_: Any) -> float:
    return number(one, work) / number(other, work)


def _modulo(data: Any, work: Work, one: Any = None, other: Any = None, *_: Any) -> float:
    return number(one, work) % number(other, work)


def _extreme(choose: Callable[[list[float]], float]) -> Operator:
    def find(data: Any, work: Work, *values: Any) -> float:
        return choose([number(value, work) for value in values]) if values else nan

    return find


def _in(data: Any, work: Work, needle: Any = None, haystack: Any = None, *_: Any) -> bool:
    if isinstance(haystack, list):
        if not isinstance(needle, list | dict):
            spend(work, len(haystack) // _LETTERS_A_STEP)
            return needle in haystack
        return any(needle is item or same(needle, item, work) for item in _paid(haystack, work))
    if isinstance(haystack, str):
        spend(work, len(haystack) // _LETTERS_A_STEP)
        return text(needle, work) in haystack
    return False


def _paid(items: list[Any], work: Work) -> list[Any]:
    spend(work, len(items))
    return items


def _cat(data: Any, work: Work, *values: Any) -> str:
    return "".join([text(value, work) for value in values])


def _merge(data: Any, work: Work, *values: Any) -> list[Any]:
    items: list[Any] = []
    for value in values:
        items += _paid(value, work) if isinstance(value, list) else [value]
    return items


def _substr(data: Any, work: Work, value: Any = None, start: Any = None, length: Any = None, *_: Any) -> str:
    """A negative start counts from the end, and so does a negative length."""
    whole = text(value, work)
    begin = _start(number(start, work), len(whole))
    if length is None:
        return whole[begin:]
    wanted = number(length, work)
    if wanted != wanted:
        return ""
    count = int(wanted)
    return whole[begin : begin + count] if count >= 0 else whole[begin : max(begin, len(whole) + count)]


def _start(written: float, size: int) -> int:
    if written != written:
        return 0
    if written < 0:
        return 0 if -written >= size else size - int(-written)
    return min(int(written), size)


def _log(data: Any, work: Work, value: Any = None, *_: Any) -> Any:
    """Nothing is written: on the request path a definition can't fill a disk."""
    return value


PLAIN: Mapping[str, Operator] = {
    "==": _equal,
    "===": _same,
    "!=": _unequal,
    "!==": _other,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "!": _not,
    "!!": _truth,
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _modulo,
    "min": _extreme(min),
    "max": _extreme(max),
    "in": _in,
    "cat": _cat,
    "substr": _substr,
    "merge": _merge,
    "log": _log,
}
