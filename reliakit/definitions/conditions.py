"""Reads the conditions of rules and segments.

    {plan: [pro, team], country: {not_in: [US]}, any: [{beta: true}, {segment: staff}]}

A key is an attribute, or one of `any`, `all`, `not` and `segment`. All keys of a mapping must hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.core.conditions import AllOf, AnyOf, Condition, Not
from reliakit.definitions.operators import OPERATORS, SCALAR, Kind
from reliakit.definitions.problems import Path, Problem, describe, suggestion
from reliakit.definitions.scalars import resolve
from reliakit.errors import MissingExtraError

__all__ = ["ConditionReader", "SharedTests", "condition_schema"]

_DEEPEST = 16
_MOST_SEGMENTS = 8
_SEGMENTS = 'segments are written at the top: segments: {staff: {email: {ends_with: "@example.com"}}}'


SharedTests = dict[tuple[str, str, str], Condition]
"""Tests by attribute, operator and operand: flags that ask the same share them, and what they remember of versions
and dates."""


@dataclass(slots=True)
class ConditionReader:
    """Turns what was written into core conditions, and collects what is wrong with it.

    `segments` are the segments as written; each is read where it is used, once.
    """

    segments: Mapping[str, dict[str, Any]]
    tests: SharedTests = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _known: dict[str, Condition] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def read(self, written: Any, path: Path) -> Condition:
        """Returns the condition; where something is wrong, one that is meant for nobody, and a problem."""
        if not isinstance(written, dict):
            return self._wrong(path, f"expected a condition such as {{plan: pro}}, got {describe(written)}")
        if len(path) > _DEEPEST * 2 + 8:
            return self._wrong(path, f"conditions are nested deeper than {_DEEPEST} levels")
        parts = [self._entry(key, value, (*path, key)) for key, value in written.items()]
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def segment(self, name: Any, path: Path) -> Condition:
        """Returns the condition of a segment."""
        if not isinstance(name, str) or name not in self.segments:
            hint = suggestion(str(name), self.segments) or _SEGMENTS
            return self._wrong(path, f"there is no segment {describe(name)}", hint)
        if name in self._open:
            loop = " -> ".join([*self._open[self._open.index(name) :], name])
            hint = "take one of the references out"
            return self._wrong(path, f"segments can't contain themselves: {loop}", hint)
        if len(self._open) >= _MOST_SEGMENTS:
            message = f"segments are nested deeper than {_MOST_SEGMENTS} levels"
            return self._wrong(path, message, "write the innermost conditions out")
        if name not in self._known:
            self._open.append(name)
            self._known[name] = self.read(self.segments[name], ("segments", name))
            self._open.pop()
        return self._known[name]

    def _wrong(self, path: Path, message: str, hint: str | None = None) -> Condition:
        problem = Problem(path, message, hint)
        if problem not in self.problems:
            self.problems.append(problem)
        return AnyOf(())

    def _entry(self, key: str, value: Any, path: Path) -> Condition:
        combine = _COMBINATORS.get(key)
        return combine(self, value, path) if combine else self._attribute(key, value, path)

    def _list(self, value: Any, path: Path) -> tuple[Condition, ...]:
        if not isinstance(value, list) or not value:
            hint = "start each condition with `- `, or write [{plan: pro}, {beta: true}]"
            self._wrong(path, f"expected a list of conditions, got {describe(value)}", hint)
            return ()
        return tuple(self.read(part, (*path, index)) for index, part in enumerate(value))

    def _segments(self, value: Any, path: Path) -> Condition:
        if isinstance(value, list) and value:
            return AnyOf(tuple(self.segment(name, (*path, index)) for index, name in enumerate(value)))
        return self.segment(value, path)

    def _attribute(self, name: str, value: Any, path: Path) -> Condition:
        if SCALAR.accepts(value):
            return self._operator(name, "equals", value, path)
        if isinstance(value, list):
            return self._operator(name, "in", value, path)
        if isinstance(value, dict) and value:
            tests = [self._named(name, operator, value[operator], path) for operator in value]
            return tests[0] if len(tests) == 1 else AllOf(tuple(tests))
        expected = "a value, a list of values, or an operator such as {not_in: [US]}"
        return self._wrong(path, f"expected {expected}, got {describe(value)}")

    def _named(self, name: str, operator: str, operand: Any, path: Path) -> Condition:
        if operator not in OPERATORS:
            hint = suggestion(operator, OPERATORS) or f"the operators are {', '.join(OPERATORS)}"
            return self._wrong((*path, operator), f"there is no operator {describe(operator)}", hint)
        return self._operator(name, operator, operand, (*path, operator))

    def _operator(self, name: str, operator: str, operand: Any, path: Path) -> Condition:
        kind, build = OPERATORS[operator].kind, OPERATORS[operator].build
        if not kind.accepts(operand):
            hint = _OPPOSITE.get(operator) if operand is False else _advice(operand, kind)
            return self._wrong(path, f"expected {kind.phrase}, got {describe(operand)}", hint)
        test = (name, operator, repr(operand))
        try:
            if test not in self.tests:
                self.tests[test] = build(name, operand)
            return self.tests[test]
        except (ValueError, MissingExtraError) as unusable:
            return self._wrong(path, str(unusable))


def _advice(operand: Any, kind: Kind) -> str | None:
    """What would make the operand one of this kind, if little is needed."""
    if not SCALAR.accepts(operand):
        return None
    if kind.accepts([operand]):
        return f"put it in a list: [{describe(operand)}]"
    if isinstance(operand, str):
        return f"write {operand}, without quotes" if kind.accepts(resolve(operand)) else None
    return f'put it in quotes: "{describe(operand)}"' if kind.accepts(describe(operand)) else None


_OPPOSITE = {"present": "write `absent: true`", "absent": "write `present: true`"}
_COMBINATORS: dict[str, Callable[[ConditionReader, Any, Path], Condition]] = {
    "all": lambda reader, value, path: AllOf(reader._list(value, path)),
    "any": lambda reader, value, path: AnyOf(reader._list(value, path)),
    "not": lambda reader, value, path: Not(reader.read(value, path)),
    "segment": ConditionReader._segments,
}


def condition_schema() -> dict[str, Any]:
    """Returns the JSON Schema of a condition, which refers to itself as `#/$defs/Condition`."""
    itself = {"$ref": "#/$defs/Condition"}
    name = {"type": "string", "minLength": 1}
    listed = {"type": "array", "items": itself, "minItems": 1}
    return {
        "title": "Condition",
        "description": "All keys must hold: attributes, or any, all, not and segment.",
        "type": "object",
        "properties": {
            "all": listed,
            "any": listed,
            "not": itself,
            "segment": {"anyOf": [name, {"type": "array", "items": name, "minItems": 1}]},
        },
        "additionalProperties": {"anyOf": [SCALAR.schema, OPERATORS["in"].kind.schema, _operators()]},
    }


def _operators() -> dict[str, Any]:
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {key: operator.kind.schema for key, operator in OPERATORS.items()},
        "additionalProperties": False,
    }
