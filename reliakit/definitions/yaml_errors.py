"""Errors of YAML syntax, told by what a person wrote instead of by what a parser expected.

libyaml and PyYAML's own parser word the same error differently; the keys below match both.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from reliakit.definitions.problems import Problem, describe

__all__ = ["explain"]

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_SPACE = re.compile(r"""\s*(?:- +)?([\w.-]+):(?=[^\s/])(.*)""")
_NO_KEY = ("a key is missing before the colon", "write `key: value`")


@dataclass(frozen=True, slots=True)
class _Error:
    """Where the parser stopped (`line`, `column`) and what it was reading since `began`; lines and columns from 0."""

    context: str
    problem: str
    lines: list[str]
    line: int
    column: int
    began: tuple[int, int]

    def text(self, line: int) -> str:
        return self.lines[line] if 0 <= line < len(self.lines) else ""

    @property
    def above(self) -> int:
        """The nearest line above that says something."""
        said = (n for n in range(min(self.line, len(self.lines)) - 1, -1, -1) if _said(self.lines[n]))
        return next(said, 0)

    def tell(self, message: str, hint: str, line: int | None = None, column: int | None = None) -> Problem:
        line, column = (self.line, self.column) if line is None else (line, column)
        return Problem((), message, hint, line=line + 1, column=None if column is None else column + 1)


def _said(line: str) -> str:
    """A line without its comment."""
    return "" if line.lstrip().startswith("#") else line.partition(" #")[0].strip()


def explain(error: yaml.YAMLError, text: str) -> Problem:
    """Returns what the author of `text` should know about a parser's error."""
    mark: Any = getattr(error, "problem_mark", None)
    if mark is None:
        return _unprintable(text)
    context_mark: Any = getattr(error, "context_mark", None) or mark
    context, problem = getattr(error, "context", "") or "", getattr(error, "problem", "") or ""
    began = (context_mark.line, context_mark.column)
    found = _Error(context, problem, _BREAK.split(text), mark.line, mark.column, began)
    return _told(found)


def _told(error: _Error) -> Problem:
    indentation = re.match(r"\s*", error.text(error.line))
    if indentation and "\t" in indentation.group():
        return error.tell("a tab in the indentation", "indent with spaces only", error.line, 0)
    for words, tell in _TELLERS:
        if words in f"{error.context}: {error.problem}":
            return tell(error)
    return error.tell(f"this can't be read as YAML: {error.problem}", "check quotes and indentation here")


def _unprintable(text: str) -> Problem:
    found = _UNPRINTABLE.search(text)
    position = found.start() if found else 0
    name = f"U+{ord(text[position]):04X}" if found else "of an unknown kind"
    line = len(_BREAK.split(text[:position]))
    column = position - max(text.rfind("\n", 0, position), -1)
    return Problem(
        (), f"a control character ({name})", "remove it; is this a text file?", line=line, column=column
    )


def _quote(error: _Error) -> Problem:
    line, column = error.began
    quote = error.text(line)[column : column + 1] or "quote"
    return error.tell(
        f"the {quote} that opens here is never closed", f"add the closing {quote}", line, column
    )


def _bracket(error: _Error) -> Problem:
    line, column = error.began
    opening = error.text(line)[column : column + 1]
    closing = {"[": "]", "{": "}"}.get(opening, "bracket")
    if error.line == line:
        return error.tell(
            f"expected a comma or {closing} here", f"put a comma between items and {closing} at the end"
        )
    message = f"the {opening} that opens here is not closed before line {error.line + 1}"
    return error.tell(message, f"add the {closing}, or a comma between two items", line, column)


def _colon(error: _Error) -> Problem:
    line, column = error.began
    said = _said(error.text(line))
    return _no_space(error, line) or error.tell(
        f"a colon is missing after {describe(said)}",
        "write `key: value`, with a space after the colon",
        line,
        column,
    )


def _no_space(error: _Error, line: int) -> Problem | None:
    found = _NO_SPACE.match(error.text(line))
    if found is None:
        return None
    key, value = found.groups()
    hint = f"write `{key}: {value.strip()[:40]}`"
    return error.tell(f"a space is missing after the colon of {describe(key)}", hint, line, found.start(1))


def _not_allowed(error: _Error) -> Problem:
    here, above = error.text(error.line), error.above
    if re.search(r":\s", here[: error.column].rstrip()):
        hint = "put a text that holds a colon and a space in quotes"
        return error.tell("a second colon on one line", hint)
    said = _said(error.text(above))
    if not re.search(r":(\s|$)", said):
        return _no_space(error, above) or error.tell(
            f"a colon is missing after {describe(said)}", f"write `{said[:40]}:`", above
        )
    hint = f"line it up with line {above + 1}, or remove the value there"
    return error.tell(f"this is indented below line {above + 1}, which already has a value", hint, error.line)


def _structure(error: _Error) -> Problem:
    here = error.text(error.line)
    before, rest = here[: error.column].strip(), here[error.column :].strip()
    if rest.startswith(":"):
        return error.tell(*_NO_KEY)
    if before:
        hint = "put the whole value in one pair of quotes"
        return error.tell(f"{describe(rest)} follows a value that is complete", hint)
    if re.match(r"-(\s|$)", rest):
        hint = "indent the list below a key, as in `key:` and then `- item`"
        return error.tell("a list item where a key is expected", hint)
    hint = "indent it exactly like its siblings, with spaces"
    return error.tell("the indentation of this line matches none above it", hint)


def _in_list(error: _Error) -> Problem:
    hint = "start it with `- `, or indent it below the item that it belongs to"
    return error.tell(f"{describe(_said(error.text(error.line)))} stands between the items of a list", hint)


def _start(error: _Error) -> Problem:
    character = error.text(error.line)[error.column : error.column + 1]
    return error.tell(
        f"a plain value can't start with {character}", 'put it in quotes, as in "' + character + '…"'
    )


def _reference(error: _Error) -> Problem:
    line, column = error.began
    character = error.text(line)[column : column + 1]
    hint = f'put it in quotes, as in "{character}…"'
    return error.tell(
        f"{character} must be followed by a name; it marks values to repeat", hint, line, column
    )


def _escape(error: _Error) -> Problem:
    hint = r"double the backslash (\\), or use single quotes, in which nothing is escaped"
    return error.tell("an unknown escape: a backslash in double quotes", hint)


def _content(error: _Error) -> Problem:
    rest = error.text(error.line)[error.column :].strip()
    if rest.startswith(":"):
        return error.tell(*_NO_KEY)
    if not rest:
        return error.tell("the document ends where a value is expected", "write it, and close what is open")
    return error.tell(
        f"expected a value, got {describe(rest[:1])}", "write a value here, or put a text in quotes"
    )


def _block(error: _Error) -> Problem:
    hint = "start the text on the next line, indented, or put it in quotes without | and >"
    return error.tell("text on the line of a | or >", hint)


def _tag(error: _Error) -> Problem:
    return error.tell(
        "tags (!) are not used here", "remove the tag, or put a text that starts with ! in quotes"
    )


def _directive(error: _Error) -> Problem:
    return error.tell("lines that start with % are not used here", "remove the line", error.line)


_TELLERS: tuple[tuple[str, Callable[[_Error], Problem]], ...] = (
    ("found unexpected end of stream", _quote),
    ("document indicator", _quote),
    ("flow sequence", _bracket),
    ("flow mapping", _bracket),
    ("could not find expected ':'", _colon),
    ("mapping values are not allowed", _not_allowed),
    ("unknown escape", _escape),
    ("cannot start any token", _start),
    ("scanning an alias", _reference),
    ("scanning an anchor", _reference),
    ("undefined tag handle", _tag),
    ("scanning a tag", _tag),
    ("directive", _directive),
    ("incompatible YAML document", _directive),
    ("block scalar", _block),
    ("node content", _content),
    ("block collection", _in_list),
    ("block mapping", _structure),
)
