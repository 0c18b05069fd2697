"""Faster forms of what nearly every rule is made of: a value tested against one that is written out.

Each takes a text, which is what it nearly always gets, the short way, and leaves everything else to the operator.
"""

from collections.abc import Callable, Mapping
from typing import Any

from reliakit.core.jsonlogic.texts import VERSION_OPERATORS, version
from reliakit.core.jsonlogic.work import Logic, Work

__all__ = ["shortcut"]

Operator = Callable[..., Any]


def shortcut(name: str, operator: Operator, first: Logic, written: tuple[Any, ...]) -> Logic | None:
    """Returns a faster form of an operator, or None where there is none.

    Args:
        name: of the operator.
        operator: what it does.
        first: gives its first argument.
        written: its other arguments.
    """
    build = _SHORT.get((name, len(written)))
    return build(operator, first, *written) if build else None


def _equal(operator: Operator, first: Logic, wanted: Any) -> Logic | None:
    if not isinstance(wanted, str):
        return None

    def test(data: Any, work: Work) -> Any:
        value = first(data, work)
        return value == wanted if value.__class__ is str else operator(data, work, value, wanted)

    return test


def _in(operator: Operator, first: Logic, wanted: Any) -> Logic | None:
    if not isinstance(wanted, list):
        return None
    texts = frozenset(item for item in wanted if isinstance(item, str))

    def test(data: Any, work: Work) -> Any:
        value = first(data, work)
        return value in texts if value.__class__ is str else operator(data, work, value, wanted)

    return test


def _sem_ver(operator: Operator, first: Logic, sign: Any, wanted: Any) -> Logic | None:
    holds = VERSION_OPERATORS.get(sign) if isinstance(sign, str) else None
    bound = version(wanted)
    if holds is None or bound is None:
        return None

    def test(data: Any, work: Work) -> Any:
        found = version(first(data, work))
        return None if found is None else holds(found, bound)

    return test


_SHORT: Mapping[tuple[str, int], Callable[..., Logic | None]] = {
    ("==", 1): _equal,
    ("===", 1): _equal,
    ("in", 1): _in,
    ("sem_ver", 2): _sem_ver,
}
