"""Errors of TOML syntax, told by what a person wrote."""

import re
from collections.abc import Sequence

from reliakit.definitions.problems import Problem, describe

__all__ = ["explain"]

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_LIST = "the list that starts here is not closed"
_LIST_HINT = "add the closing ], or a comma between two items"
_KEY = "expected a key here"
_TEXT = "a text that starts here is never closed"
_TOLD: tuple[tuple[str, str, str], ...] = (
    ("Unclosed array", _LIST, _LIST_HINT),
    ("Unclosed inline table", "the { on this line is not closed", "add the }, or a comma between two keys"),
    ("Invalid initial character for a key part", _KEY, "put a key of other characters in quotes"),
    ("Invalid statement", "expected a key or a [table] here", 'write key = "value"'),
    ("Unterminated string", _TEXT, "add the closing quotes"),
    ("Expected \"'", _TEXT, "add the closing quotes"),
    ("Illegal character '\\n'", "a text on this line is never closed", "add the closing quote"),
    ("Expected '=' after a key", "expected = after the key", 'TOML writes key = "value"'),
    ("Expected ']", "the [ that opens this header is not closed", "write [table], or [[table]] in a list"),
    ("Expected newline", "something follows a value that is complete", "put a text in quotes"),
    ("Unescaped '\\'", "an unknown escape: a backslash in double quotes", "double it, or use single quotes"),
    ("Invalid value", "this is no value as TOML writes it", "put a text in quotes; write true in lower case"),
    ("Duplicate inline table key", "a key is written twice between { and }", "keep one of the two"),
    ("Cannot overwrite a value", "a key is written twice in one value", "keep one of the two"),
    ("Exceeds the limit", "a number too large to read", "write it as text, in quotes"),
    ("Found invalid character", "a control character", "remove it; is this a text file?"),
)


def explain(message: str, lines: Sequence[str], start: int) -> Problem:
    """Returns what the author should know.

    Args:
        message: `tomllib`'s own, with a position that counts from the statement.
        lines: those of the document.
        start: the index of the statement's first line.
    """
    found = _POSITION.search(message)
    line = int(found[1]) if found and found[1] else 1
    column = int(found[2]) if found and found[2] else None
    written = lines[start + line - 1]
    told, hint = _words(message, written)
    if told == _KEY and column is not None and not written[column - 1 :].strip():
        told, hint = (
            "the { on this line is not closed",
            "TOML has { … } on one line; a [table] may have several",
        )
    if line > 1 and message.startswith("Invalid value"):
        told, hint = (
            f"no value of the list that starts on line {start + 1}",
            "close the list with ], or put a text in quotes",
        )
    if " starts here" in told or " opens " in told:
        line, column = 1, None
    return Problem((), told, hint, line=start + line, column=column)


def _words(message: str, line: str) -> tuple[str, str | None]:
    if message.startswith("Invalid value (at end"):
        return _LIST, _LIST_HINT
    for words, told, hint in _TOLD:
        if message.startswith(words):
            return told, hint
    return f"{describe(line.strip())} can't be read as TOML: {_POSITION.sub('', message)}", None
