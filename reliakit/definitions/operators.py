"""The operators that a condition may use: what each accepts, how that is said, and what it builds.

One table serves the parser, the JSON Schema and the reference, so they can't disagree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reliakit.core import operators as core
from reliakit.core.conditions import Attribute, Condition, Not, Present
from reliakit.definitions.patterns import search
from reliakit.definitions.problems import describe

__all__ = ["OPERATORS", "SCALAR", "Kind", "Operator"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What an operand must be."""

    phrase: str
    """Completes "expected ..."."""
    schema: dict[str, Any]
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: the kind of its operand, and what it builds for an attribute.

    `build` raises ValueError with a sentence for people where an operand of the right kind is still unusable.
    """

    kind: Kind
    build: Callable[[str, Any], Condition]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


_SCALAR_TYPES = {"type": ["string", "number", "boolean"]}
_TEXT_TYPE = {"type": "string", "minLength": 1}

SCALAR = Kind("text, a number, true or false", _SCALAR_TYPES, _is_scalar)
_LIST = Kind(
    "a list of text, numbers, true or false",
    {"type": "array", "items": _SCALAR_TYPES},
    lambda value: isinstance(value, list) and all(map(_is_scalar, value)),
)
_NUMBER = Kind("a number", {"type": "number"}, _is_number)
_TEXT = Kind("text", _TEXT_TYPE, _is_text)
_TEXTS = Kind(
    "text, or a list of texts",
    {"anyOf": [_TEXT_TYPE, {"type": "array", "items": _TEXT_TYPE, "minItems": 1}]},
    lambda value: _is_text(value) or (isinstance(value, list) and bool(value) and all(map(_is_text, value))),
)
_RANGE = 'a range of versions such as ">=2.3.0 <3"'
_MOMENT = "a date such as 2026-11-23 or a time such as 2026-11-23T18:00:00Z"
_TRUE = Kind("true", {"const": True}, lambda value: value is True)


def _test(build: Callable[[Any], core.Test]) -> Callable[[str, Any], Condition]:
    return lambda name, operand: Attribute(name, build(operand))


def _readable(build: Callable[[str], core.Test], phrase: str) -> Callable[[str, Any], Condition]:
    def built(operand: str) -> core.Test:
        try:
            return build(operand)
        except ValueError:  # which speaks of Python's formats
            raise ValueError(f"expected {phrase}, got {describe(operand)}") from None

    return _test(built)


def _affixes(build: Callable[[tuple[str, ...]], core.Test]) -> Callable[[str, Any], Condition]:
    return _test(lambda operand: build((operand,) if isinstance(operand, str) else tuple(operand)))


OPERATORS: dict[str, Operator] = {
    "equals": Operator(SCALAR, _test(lambda operand: core.member((operand,)))),
    "not_equals": Operator(SCALAR, _test(lambda operand: core.not_member((operand,)))),
    "in": Operator(_LIST, _test(core.member)),
    "not_in": Operator(_LIST, _test(core.not_member)),
    "gt": Operator(_NUMBER, _test(core.greater)),
    "gte": Operator(_NUMBER, _test(core.at_least)),
    "lt": Operator(_NUMBER, _test(core.less)),
    "lte": Operator(_NUMBER, _test(core.at_most)),
    "starts_with": Operator(_TEXTS, _affixes(core.starts_with)),
    "ends_with": Operator(_TEXTS, _affixes(core.ends_with)),
    "contains": Operator(_TEXTS, _affixes(core.contains)),
    "not_contains": Operator(_TEXTS, lambda name, operand: Not(_affixes(core.contains)(name, operand))),
    "matches": Operator(_TEXT, _test(lambda operand: core.matches(search(operand)))),
    "semver": Operator(_TEXT, _readable(core.version, _RANGE)),
    "before": Operator(_TEXT, _readable(core.before, _MOMENT)),
    "after": Operator(_TEXT, _readable(core.after, _MOMENT)),
    "present": Operator(_TRUE, lambda name, _: Present(name, True)),
    "absent": Operator(_TRUE, lambda name, _: Present(name, False)),
}
"""Operators by the key that a condition writes."""
