"""TOML, one statement at a time: the standard library reads each, `toml_tables` puts them together.

Reading a whole document with `tomllib.loads` would keep no lines, stop at the first error, and hold the interpreter
for as long as it takes. What a statement is and which key it sets is always `tomllib`'s own answer.
"""

import tomllib
from collections.abc import Generator
from typing import Any

from reliakit.definitions.assembly import Place, Refused, too_deep
from reliakit.definitions.problems import Problem
from reliakit.definitions.toml_errors import explain
from reliakit.definitions.toml_tables import Tables

__all__ = ["parse"]

_MOST_ERRORS = 20
_CLOSERS = ("]", "}", '"""', "'''")


def parse(text: str, problems: list[Problem]) -> Generator[None, None, tuple[Any, Place]]:
    """Reads TOML text, yielding after every statement; all problems but the last are added to `problems`.

    Raises:
        Refused: the syntax is broken.
    """
    lines = [line + "\n" for line in text.replace("\r\n", "\n").split("\n")]
    tables = Tables(problems)
    broken: list[Problem] = []
    start = 0
    while start < len(lines) and len(broken) < _MOST_ERRORS:
        yield
        try:
            end, parsed = yield from _statement(lines, start)
            _take(tables, "".join(lines[start:end]), parsed, start + 1)
            start = end
        except _Broken as error:
            broken.append(explain(error.message, lines, start))
            # What is never closed swallows the rest: whatever came after it would be reported wrongly.
            start = len(lines) if error.goes_on else start + 1
    if broken:
        problems += broken[:-1]
        raise Refused(broken[-1])
    return (tables.data or None), tables.place


class _Broken(Exception):
    """A statement that `tomllib` refuses: with which words, and whether it runs over the end of its line."""

    def __init__(self, message: str, goes_on: bool) -> None:
        self.message, self.goes_on = message, goes_on
        super().__init__(message)


def _statement(lines: list[str], start: int) -> Generator[None, None, tuple[int, dict[str, Any]]]:
    """Returns the line after the statement that starts at a line, and the statement read.

    It ends where `tomllib` accepts it, which can be only on its first line or on one that closes something.
    """
    for end in range(start + 1, len(lines) + 1):
        if end > start + 1 and not any(closer in lines[end - 1] for closer in _CLOSERS):
            continue
        try:
            return end, _loads("".join(lines[start:end]), start)
        except ValueError as error:
            if "end of document" not in str(error):
                raise _Broken(str(error), end > start + 1) from None
        yield
    try:
        return len(lines), _loads("".join(lines[start:]), start)
    except ValueError as error:
        raise _Broken(str(error), goes_on=True) from None


def _loads(statement: str, start: int) -> dict[str, Any]:
    try:
        return tomllib.loads(statement)
    except RecursionError:
        raise Refused(too_deep((), start + 1)) from None


def _take(tables: Tables, statement: str, parsed: dict[str, Any], line: int) -> None:
    begins = statement.lstrip()
    if begins.startswith("[["):
        tables.array(_header(parsed), line)
    elif begins.startswith("["):
        tables.table(_header(parsed), line)
    elif parsed:
        keys = _keys(statement)
        value: Any = parsed
        for key in keys:
            value = value[key]
        tables.set(keys, value, line)


def _header(parsed: Any) -> tuple[str, ...]:
    """The only path there is in what was read from a header alone."""
    path: list[str] = []
    while isinstance(parsed, dict) and parsed:
        key, parsed = next(iter(parsed.items()))
        path.append(key)
    return tuple(path)


def _keys(statement: str) -> tuple[str, ...]:
    """The path of keys before the equals sign that separates: a quoted key may hold others."""
    position = statement.find("=")
    while position >= 0:
        try:
            return _header(tomllib.loads(statement[:position] + "= 0"))
        except tomllib.TOMLDecodeError:
            position = statement.find("=", position + 1)
    raise AssertionError("tomllib accepted a statement without a key")
