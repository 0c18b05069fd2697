"""Documents: text in one of three formats, read to plain data that remembers its lines.

Reading is cooperative: `read` is a generator that yields after every fraction of a millisecond of work, so that
whoever drives it can let other threads have the interpreter in between; its value is what was read.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Literal, TypeVar

from reliakit.definitions.assembly import Place, Refused, line_of
from reliakit.definitions.flagd.recognition import marked
from reliakit.definitions.problems import Path, Problem, describe

__all__ = ["Document", "Format", "read", "run"]

Format = Literal["yaml", "toml", "json"]
T = TypeVar("T")
Parser = Callable[[str, list[Problem]], Generator[None, None, tuple[Any, Place]]]

_LARGEST = 2 * 1024 * 1024
_SUFFIXES: dict[str, Format] = {".toml": "toml", ".json": "json"}


@dataclass(frozen=True, slots=True)
class Document:
    """What a document holds, as mappings, lists, texts, numbers, true, false and null.

    Args:
        name: the file's name, or what else a person would recognise it by.
        data: the top mapping.
        lines: where everything stands; None for data that never was text.
    """

    name: str
    data: dict[str, Any]
    lines: Place | None = None

    def line(self, path: Path) -> int | None:
        """Returns the line, from 1, of what `path` leads to, or of the nearest value around it."""
        return line_of(self.lines, path) if self.lines else None

    def origin(self, path: Path) -> str:
        """Returns the name of the document that holds what `path` leads to: this one's, where it is one alone."""
        return self.name


def read(
    text: str | bytes,
    name: str,
    format: Format | None = None,
) -> Generator[None, None, tuple[Document | None, list[Problem]]]:
    """Reads a document, cooperatively; never raises because of what is in it.

    Args:
        text: bytes are UTF-8, with or without a byte order mark.
        name: what problems call it.
        format: the suffix of `name` decides by default, and YAML where it says nothing.

    Returns (as the generator's value):
        The document, or None where its syntax is broken; and all problems, located. A document can come with
        problems: of two equal keys the first is kept, so that everything else can still be checked.
    """
    problems: list[Problem] = []
    document = None
    try:
        data, place = yield from _parser(format, name)(_decoded(text), problems)
        document = Document(name, marked(name, _mapping(data, place)), place)
    except Refused as refused:
        problems.append(refused.problem)
    problems.sort(key=lambda problem: problem.line or 0)
    return document, [replace(problem, source=name) for problem in problems]


def run(steps: Generator[None, None, T]) -> T:
    """Runs a cooperative generator to its end and returns its value."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            value: T = stop.value
            return value


def _parser(chosen: Format | None, name: str) -> Parser:
    suffix = "." + name.rpartition(".")[2].lower()
    form = chosen or _SUFFIXES.get(suffix, "yaml")
    # By name, so that a service with a TOML file never pays for importing YAML.
    parse: Parser = import_module(f"reliakit.definitions.{form}_format").parse
    return parse


def _decoded(text: str | bytes) -> str:
    if len(text) > _LARGEST:
        raise Refused(Problem((), "larger than 2 MiB", "split it, or move long lists of users into segments"))
    try:
        decoded = text.decode() if isinstance(text, bytes) else text.encode().decode()
    except UnicodeError as error:
        raise Refused(_not_utf8(text, error)) from None
    return decoded.removeprefix("\ufeff")


def _not_utf8(text: str | bytes, error: UnicodeError) -> Problem:
    before = text[: getattr(error, "start", 0)]
    line = 1 + (before.count(b"\n") if isinstance(before, bytes) else before.count("\n"))
    return Problem((), "not UTF-8 text", "save the file with the encoding UTF-8", line=line)


def _mapping(data: Any, place: Place) -> dict[str, Any]:
    if data is None:
        raise Refused(Problem((), "the document is empty", "start with the line `format: 1`"))
    if isinstance(data, dict):
        return data
    hint = "write keys and values, such as `format: 1`"
    if isinstance(data, str) and ":" in data:
        hint = "put a space after the colon, as in `format: 1`"
    raise Refused(Problem((), f"expected a mapping at the top, got {describe(data)}", hint, line=place.line))
