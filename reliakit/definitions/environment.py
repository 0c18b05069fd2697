"""Values that the environment gives: `env:NAME`, and `env:NAME|default` for where NAME is not set.

A variable that is set to nothing counts as not set, since that is what deployment tools make of a missing one. An
empty default (`env:NAME|`) means that the key might as well not be there.
"""

import re
from collections.abc import Mapping
from typing import Any

from reliakit.definitions.assembly import REFERENCE, Place, Spot, is_text
from reliakit.definitions.documents import Document
from reliakit.definitions.problems import Path, Problem, describe
from reliakit.definitions.scalars import Scalar, resolve

__all__ = ["EnvironmentText", "substitute"]

_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_.-]*)(?:\|(.*))?", re.DOTALL)


class EnvironmentText(str):
    """The text of an environment variable, in the place of the reference to it.

    Only whoever knows the type that belongs there can say whether `10` is a number or a text, so it stays text until
    `validation.convert` decides. Its value may be a secret: its `repr` shows the name alone.

    Args:
        text: what the variable holds.
        name: of the variable.
        is_set: whether there was a value or a default.
    """

    __slots__ = ("is_set", "name", "value")

    name: str
    value: Scalar
    is_set: bool

    def __new__(cls, text: str, name: str, is_set: bool = True) -> "EnvironmentText":
        self = super().__new__(cls, text)
        self.name, self.value, self.is_set = name, resolve(text), is_set
        return self

    def __repr__(self) -> str:
        return f"EnvironmentText(name={self.name!r})"


def substitute(document: Document, environ: Mapping[str, str]) -> tuple[Any, list[Problem]]:
    """Returns the document's data with every `env:NAME` value replaced by an `EnvironmentText`.

    Keys stay as they are. What holds no reference is shared with the document, not copied.

    Returns:
        The data; and a problem for each variable that is missing, or each reference that can't be read.
    """
    substitution = _Substitution(document, environ)
    return substitution.apply(document.data, document.lines or None, ()), substitution.problems


class _Substitution:
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document, self._environ = document, environ
        self.problems: list[Problem] = []

    def apply(self, value: Any, spot: Spot | None, path: Path) -> Any:
        if isinstance(value, str):
            return self._read(value, path) if value.startswith(REFERENCE) else value
        if isinstance(spot, Place) and not spot.refers:
            return value
        inside = spot.inside if isinstance(spot, Place) else {}
        if isinstance(value, Mapping):
            return {key: self.apply(item, inside.get(key), (*path, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.apply(item, inside.get(index), (*path, index)) for index, item in enumerate(value)]
        return value

    def _read(self, text: str, path: Path) -> Any:
        found = _REFERENCE.fullmatch(text)
        if found is None:
            message = f"expected the name of an environment variable after env:, got {describe(text[4:])}"
            return self._missing("", path, message, "write env:NAME, or env:NAME|default")
        name, default = found.groups()
        held = self._environ.get(name)
        if held and not is_text(held):
            return self._missing(
                name, path, f"the environment variable {name} is not UTF-8 text", "set it to text"
            )
        if held or default is not None:
            return EnvironmentText(held or default or "", name)
        state = "not set" if held is None else "empty"
        hint = f"set it, or give a default: env:{name}|default"
        return self._missing(name, path, f"the environment variable {name} is {state}", hint)

    def _missing(self, name: str, path: Path, message: str, hint: str) -> EnvironmentText:
        document = self._document
        source, line = document.origin(path), document.line(path)
        self.problems.append(Problem(path, message, hint, source=source, line=line))
        return EnvironmentText("", name, is_set=False)
