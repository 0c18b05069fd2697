"""From a document to definitions that mean something, with every problem found on the way.

Loading is cooperative: `load` is a generator that yields often, so that whoever drives it can let other threads
have the interpreter in between.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from reliakit.definitions.conditions import ConditionReader
from reliakit.definitions.documents import Document
from reliakit.definitions.environment import substitute
from reliakit.definitions.flags import FlagReader
from reliakit.definitions.models import Definitions, Flag
from reliakit.definitions.problems import Path, Problem
from reliakit.definitions.references import flag_problems, section_problems, warnings
from reliakit.definitions.validation import convert

__all__ = ["Loaded", "load"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a document.

    `definitions` is None where a section other than `flags` is unusable. Flags with problems are not in it, unless
    `load` was given an earlier form of them.
    """

    definitions: Definitions | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def load(
    document: Document, environ: Mapping[str, str], previous: Definitions | None = None
) -> Generator[None, None, Loaded]:
    """Loads a document.

    Args:
        document: what was read, with its lines.
        environ: where `env:NAME` looks.
        previous: definitions in force, whose form a broken flag keeps.

    Returns (as the generator's value):
        Definitions and problems, each with file and line.
    """
    loading = _Loading(document, environ, previous.flags if previous else {})
    definitions = yield from loading.run()
    located = [loading.locate(problem) for problem in loading.problems]
    found = [] if definitions is None else [loading.locate(warning) for warning in warnings(definitions)]
    return Loaded(definitions, tuple(located), tuple(found))


class _Loading:
    def __init__(self, document: Document, environ: Mapping[str, str], earlier: Mapping[str, Flag]) -> None:
        self.document, self.earlier = document, earlier
        self.data, self.problems = substitute(document, environ)

    def locate(self, problem: Problem) -> Problem:
        return replace(problem, source=self.document.name, line=self.document.line(problem.path))

    def run(self) -> Generator[None, None, Definitions | None]:
        self.problems += _nothings(self.data, ())
        written = self.data.get("flags", {})
        sections = {key: value for key, value in self.data.items() if key != "flags"}
        definitions = self._convert(sections, Definitions, ())
        if definitions is None or not isinstance(written, dict):
            self._convert({} if isinstance(written, dict) else written, dict[str, Flag], ("flags",))
        flags = yield from self._flags(written if isinstance(written, dict) else {})
        if definitions is None:
            return None
        return (yield from self._related(msgspec.structs.replace(definitions, flags=flags)))

    def _convert(self, data: Any, kind: Any, path: Path) -> Any:
        value, found = convert(data, kind, path=path)
        self.problems += found
        return None if found else value

    def _flags(self, written: Mapping[str, Any]) -> Generator[None, None, dict[str, Flag]]:
        flags: dict[str, Flag] = {}
        for key, data in written.items():
            yield
            pair = self._convert({key: data}, Definitions.__annotations__["flags"], ("flags",))
            flag = pair[key] if pair is not None else self.earlier.get(key)
            if flag is not None:
                flags[key] = flag
        return flags

    def _related(self, definitions: Definitions) -> Generator[None, None, Definitions | None]:
        """Checks what sections say of each other; flags that fail keep their earlier form, once."""
        reader = ConditionReader(definitions.segments)
        for name in definitions.segments:
            reader.segment(name, ("segments", name))
        fatal = [*section_problems(definitions), *reader.problems]
        self.problems += fatal
        flags = yield from self._sound(definitions)
        usable = None if fatal or flags is None else msgspec.structs.replace(definitions, flags=flags)
        return usable

    def _sound(self, definitions: Definitions) -> Generator[None, None, dict[str, Flag] | None]:
        flags = dict(definitions.flags)
        for attempt in ("as written", "with earlier forms"):
            found = yield from _flag_problems(flags, definitions)
            if not found:
                return flags
            self.problems += [problem for problem in found if problem not in self.problems]
            if attempt == "as written":
                flags = self._repaired(flags, found)
        return None

    def _repaired(self, flags: Mapping[str, Flag], found: list[Problem]) -> dict[str, Flag]:
        broken = {problem.path[1] for problem in found}
        kept = {key: flag if key not in broken else self.earlier.get(key) for key, flag in flags.items()}
        return {key: flag for key, flag in kept.items() if flag is not None}


def _flag_problems(
    flags: Mapping[str, Flag], definitions: Definitions
) -> Generator[None, None, list[Problem]]:
    reader = FlagReader(ConditionReader(definitions.segments))
    for key, flag in flags.items():
        yield
        reader.plan(key, flag)
    return [*reader.problems, *flag_problems(flags)]


def _nothings(data: Any, path: Path) -> Iterator[Problem]:
    """Finds keys with nothing after them: `percentage:` alone would otherwise mean everybody."""
    if path[:1] == ("flags",) and path[2:3] == ("variants",):
        return
    if isinstance(data, dict):
        for key, value in data.items():
            if value is None and not (path[:1] == ("flags",) and path[2:3] == ("variants",)):
                yield Problem((*path, key), "nothing is written here", "write a value, or take the key out")
            yield from _nothings(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _nothings(value, (*path, index))
