"""Reads targeting: JsonLogic whose operators are known, with every `$ref` replaced by what it refers to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.core.jsonlogic.compiling import OPERATORS
from reliakit.definitions.problems import Path, Problem, describe, suggestion

__all__ = ["LogicReader", "operator_of"]

_REFERENCE = "$ref"
_EVALUATORS = "$evaluators"
_LARGEST = 20_000
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class _Read:
    """Logic without references: how many values it is made of, and how deep it is nested."""

    value: Any
    size: int = 1
    height: int = 1
    sound: bool = True


@dataclass(slots=True)
class LogicReader:
    """Reads logic, and collects what is wrong with it. `evaluators` are read where they are used, once."""

    evaluators: Mapping[str, Any]
    problems: list[Problem] = field(default_factory=list)
    _known: dict[str, _Read] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def targeting(self, written: Any, path: Path) -> Any:
        """Returns logic that can be compiled; it means something only where no problem was added."""
        read = self._logic(written, path)
        if read.sound and (read.size > _LARGEST or read.height > _DEEPEST):
            message = (
                f"with all that it refers to it holds more than {_LARGEST:,} values, or {_DEEPEST} levels"
            )
            self._wrong(path, message, "split the flag, or write the logic flatter")
        elif read.sound and read.value and not isinstance(read.value, dict):
            got = describe(read.value)
            self._wrong(
                path,
                f"expected an operator, got a reference to {got}",
                "let an operator refer to it, such as if",
            )
        return read.value

    def evaluator(self, name: str) -> _Read:
        """Returns the logic of one of the evaluators, by a name that there is."""
        if name not in self._known:
            self._open.append(name)
            self._known[name] = self._logic(self.evaluators[name], (_EVALUATORS, name))
            self._open.pop()
        return self._known[name]

    def _wrong(self, path: Path, message: str, hint: str | None = None) -> _Read:
        self.problems.append(Problem(path, message, hint))
        return _Read(None, sound=False)

    def _logic(self, written: Any, path: Path) -> _Read:
        if isinstance(written, list):
            return _joined([self._logic(item, (*path, index)) for index, item in enumerate(written)])
        operator = operator_of(written)
        if operator is None:
            return _Read(written)
        inside = (*path, operator)
        if operator == _REFERENCE:
            return self._reference(written[operator], inside)
        if operator not in OPERATORS:
            hint = suggestion(operator, OPERATORS) or "JsonLogic and flagd have no such operator"
            return self._wrong(inside, f"there is no operator {describe(operator)}", hint)
        read = self._arguments(operator, written[operator], inside)
        return _Read({operator: read.value}, read.size + 1, read.height + 1, read.sound)

    def _arguments(self, operator: str, given: Any, path: Path) -> _Read:
        if not isinstance(given, list):
            return self._logic(given, path)
        kept = 2 if operator == "reduce" else len(given)  # where a reduction starts is a value, not logic
        parts = [self._logic(item, (*path, index)) for index, item in enumerate(given[:kept])]
        return _joined([*parts, *(_Read(item) for item in given[kept:])])

    def _reference(self, name: Any, path: Path) -> _Read:
        if not isinstance(name, str) or name not in self.evaluators:
            hint = suggestion(str(name), self.evaluators) or f"write it below {_EVALUATORS}"
            return self._wrong(path, f"there is no evaluator {describe(name)}", hint)
        if name in self._open:
            loop = " -> ".join([*self._open[self._open.index(name) :], name])
            return self._wrong(path, f"evaluators can't contain themselves: {loop}", "take one reference out")
        read = self.evaluator(name)
        if not read.sound:
            return self._wrong(path, f"the evaluator {describe(name)} has problems of its own")
        return read


def operator_of(written: Any) -> str | None:
    """Returns the operator of a mapping that has one key; everything else stands for itself."""
    if not isinstance(written, dict) or len(written) != 1:
        return None
    return str(next(iter(written)))


def _joined(parts: list[_Read]) -> _Read:
    return _Read(
        [part.value for part in parts],
        1 + sum(part.size for part in parts),
        1 + max((part.height for part in parts), default=0),
        all(part.sound for part in parts),
    )
