"""JSON, read by a table of what may follow what.

The standard library's reader gives no lines, stops nowhere in between (a long document would hold the interpreter
for milliseconds), and recurses as deep as the document tells it to.
"""

import json
import math
import re
from collections.abc import Callable, Generator
from typing import Any, NoReturn

from reliakit.definitions.assembly import Assembly, Place, Refused, is_text
from reliakit.definitions.problems import Problem, describe

__all__ = ["parse"]

_PER_SLICE = 100
_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(
    r'(?P<string>"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*")'
    r"|(?P<scalar>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9A-Za-z_.])|(?:true|false|null)\b)"
    r"|(?P<mark>[{}\[\],:])"
)
_CLOSING = {"{": "}", "[": "]"}
_WORDS = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER = 400
_SLIPS: tuple[tuple[str, str, str], ...] = (
    (r"'", "JSON has no single quotes", 'write "text"'),
    (r"//|/\*|#", "JSON has no comments", "remove it, or use YAML or TOML"),
    (r"[+-]?(NaN|Infinity)", "JSON has no NaN and no Infinity", "write a number"),
    (r"True|False|None", "this is Python, not JSON", "write true, false or null"),
    (r"[-+]?\.?[0-9]", "this number is not written as JSON has it", "write it as in 7, 0.5 or -1e3"),
    (r'"', "this text is not closed on its line", r'add the closing "; write a line break as \n'),
)


def parse(text: str, problems: list[Problem]) -> Generator[None, None, tuple[Any, Place]]:
    """Reads JSON text, yielding every 100 tokens; other than fatal problems are added to `problems`.

    Raises:
        Refused: the syntax is broken.
    """
    reader = _Reader(text, problems)
    number = 0
    while reader.advance():
        number += 1
        if number % _PER_SLICE == 0:
            yield
    return reader.assembly.finish()


class _Reader:
    """`state` is a name of what is expected next; `_MOVES` tells what each token does in each state."""

    def __init__(self, text: str, problems: list[Problem]) -> None:
        self.assembly = Assembly(problems)
        self.text, self.position, self.line = text, 0, 1
        self.state = "value"

    def advance(self) -> bool:
        self._to(_SPACE.match(self.text, self.position).end())  # type: ignore[union-attr]  # it matches nothing too
        if self.position == len(self.text) and (self.state == "end" or not self.text.strip()):
            return False
        token = _TOKEN.match(self.text, self.position)
        if token is None:
            self.slipped()
        kind = token[0] if token.lastgroup == "mark" else token.lastgroup
        _MOVES.get((self.state, kind), _Reader.fail)(self, token[0])
        self._to(token.end())
        return True

    def _to(self, position: int) -> None:
        self.line += self.text.count("\n", self.position, position)
        self.position = position

    def open(self, bracket: str) -> None:
        self.assembly.open({} if bracket == "{" else [], self.line)
        self.state = "first key" if bracket == "{" else "first item"

    def close(self, token: str) -> None:
        opened, line = self.assembly.opened
        if _CLOSING[opened] != token:
            self.refuse(f"{token} can't close the {opened} of line {line}", f"write {_CLOSING[opened]}")
        self.assembly.close()
        self.after()

    def after(self) -> None:
        self.state = "comma" if self.assembly.depth else "end"

    def key(self, token: str) -> None:
        self.assembly.key(self.decoded(token), self.line)
        self.state = "colon"

    def colon(self, token: str) -> None:
        self.state = "value"

    def comma(self, token: str) -> None:
        self.state = "key" if self.assembly.opened[0] == "{" else "item"

    def string(self, token: str) -> None:
        self.assembly.scalar(self.decoded(token), self.line)
        self.after()

    def scalar(self, token: str) -> None:
        self.assembly.scalar(_WORDS[token] if token in _WORDS else self.number(token), self.line)
        self.after()

    def number(self, token: str) -> int | float:
        value = math.inf
        if len(token) <= _LONGEST_NUMBER:
            value = float(token) if set(".eE") & set(token) else int(token)
        if value in (math.inf, -math.inf):
            self.refuse("a number too large to read", "write it as text, in quotes")
        return value

    def decoded(self, token: str) -> str:
        if "\\" not in token:
            return token[1:-1]
        try:
            value: str = json.loads(token)
        except json.JSONDecodeError:
            self.refuse("an unknown escape in this text", r"double the backslash: \\")
        if not is_text(value):
            self.refuse("an escape that is no character", "write the character itself")
        return value

    def slipped(self) -> NoReturn:
        """Something that is no token."""
        rest = self.text[self.position : self.position + 60]
        opened, line = self.assembly.opened
        if not rest and self.assembly.depth:
            self.refuse(
                f"the {opened} that opens on line {line} is never closed", f"add the {_CLOSING[opened]}"
            )
        for pattern, message, hint in _SLIPS:
            if re.match(pattern, rest):
                self.refuse(message, hint)
        word = re.match(r"\w+|.", rest)
        self.fail(word[0] if word else "")

    def fail(self, token: str) -> NoReturn:
        """A token, or a word, where it can't stand."""
        if self.state == "end":
            self.refuse("something follows the end of the document", "a file holds one value")
        if token in ("}", "]") and self.state in ("key", "item"):
            self.refuse(f"a comma before the closing {token}", "remove the comma")
        if token in ("}", "]") and self.state == "value" and self.assembly.depth:
            self.refuse("a value is missing after the colon", "write one, or remove the key")
        got = describe(token.strip('"'))
        self.refuse(f"expected {_EXPECTED[self.state]}, got {got}", _HINTS[self.state])

    def refuse(self, message: str, hint: str) -> NoReturn:
        column = self.position - self.text.rfind("\n", 0, self.position)
        raise Refused(Problem(self.assembly.path(), message, hint, line=self.line, column=column))


_EXPECTED = {
    "value": "a value",
    "item": "a value",
    "first item": "a value or ]",
    "first key": "a key in double quotes, or }",
    "key": "a key in double quotes",
    "colon": "a colon after the key",
    "comma": "a comma or the closing bracket",
}
_HINTS = {
    "value": "text is written in double quotes",
    "item": "text is written in double quotes",
    "first item": "text is written in double quotes",
    "first key": 'write {"key": value}',
    "key": 'write {"key": value}',
    "colon": 'write {"key": value}',
    "comma": "separate items by commas",
}
_MOVES: dict[tuple[str, str | None], Callable[[_Reader, str], None]] = {
    **{(state, mark): _Reader.open for state in ("value", "item", "first item") for mark in "{["},
    **{(state, "string"): _Reader.string for state in ("value", "item", "first item")},
    **{(state, "scalar"): _Reader.scalar for state in ("value", "item", "first item")},
    **{(state, "string"): _Reader.key for state in ("first key", "key")},
    ("first item", "]"): _Reader.close,
    ("first key", "}"): _Reader.close,
    ("colon", ":"): _Reader.colon,
    ("comma", ","): _Reader.comma,
    ("comma", "}"): _Reader.close,
    ("comma", "]"): _Reader.close,
}
