"""From a document to definitions that mean something, with every problem found on the way.

Loading is cooperative: `load` is a generator that yields often, so that whoever drives it can let other threads
have the interpreter in between.
"""

from collections.abc import Container, Generator, Iterable, Iterator, Mapping
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

_FLAGS = Definitions.__annotations__["flags"]
_NEEDS: Mapping[str, frozenset[str]] = {
    "segments": frozenset({"segments"}),
    "identity": frozenset({"identity"}),
    "outcomes": frozenset({"outcomes"}),
    "upstreams": frozenset({"upstreams"}),
    "rollouts": frozenset({"rollouts", "upstreams"}),
    "routes": frozenset({"routes", "rollouts", "upstreams"}),
}
"""What must be readable before it is worth saying what a section refers to in vain."""


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
    document: Document,
    environ: Mapping[str, str],
    previous: Definitions | None = None,
    found: Iterable[Problem] = (),
) -> Generator[None, None, Loaded]:
    """Loads a document.

    Args:
        document: what was read, with its lines.
        environ: where `env:NAME` looks.
        previous: definitions in force, whose form a broken flag keeps.
        found: problems of the document that reading it has found.

    Returns (as the generator's value):
        Definitions and problems, each with file and line.
    """
    loading = _Loading(document, environ, previous.flags if previous else {}, found)
    definitions = yield from loading.run()
    located = [loading.locate(problem) for problem in loading.problems]
    also = [] if definitions is None else [loading.locate(warning) for warning in warnings(definitions)]
    return Loaded(definitions, tuple(located), tuple(also))


class _Loading:
    def __init__(
        self,
        document: Document,
        environ: Mapping[str, str],
        earlier: Mapping[str, Flag],
        found: Iterable[Problem],
    ) -> None:
        self.document, self.earlier = document, earlier
        self.data, unset = substitute(document, environ)
        self.problems = [*found, *unset, *_nothings(self.data, ())]

    def locate(self, problem: Problem) -> Problem:
        line = problem.line or self.document.line(problem.path)
        return replace(problem, source=self.document.name, line=line)

    def run(self) -> Generator[None, None, Definitions | None]:
        broken = {_flag_of(problem) for problem in self.problems}
        sections = self._sections()
        flags = yield from self._flags(broken)
        definitions = yield from self._related(msgspec.structs.replace(sections, flags=flags))
        return None if any(_flag_of(problem) is None for problem in self.problems) else definitions

    def _sections(self) -> Definitions:
        """Everything but the flags, which are converted one by one; a section that is wrong is left out."""
        sound: dict[str, Any] = {}
        written = self.data.get("flags")
        rest = {
            key: value for key, value in self.data.items() if key != "flags" or not isinstance(written, dict)
        }
        for key, value in ({"format": None} | rest).items():
            data = {key: value} if key in rest else {}
            converted = self._convert({"format": 1, **data} if key != "format" else data, Definitions, ())
            if converted is not None and key in rest:
                sound[key] = getattr(converted, key)
        return Definitions(**{"format": 1, **sound})

    def _convert(self, data: Any, kind: Any, path: Path) -> Any:
        value, found = convert(data, kind, path=path)
        self.problems += found
        return None if found else value

    def _flags(self, broken: Container[str | None]) -> Generator[None, None, dict[str, Flag]]:
        written = self.data.get("flags")
        flags: dict[str, Flag | None] = {}
        for key, data in written.items() if isinstance(written, dict) else ():
            yield
            converted = self._convert({key: data}, _FLAGS, ("flags",))
            sound = converted is not None and key not in broken
            flags[key] = converted[key] if sound else self.earlier.get(key)
        return {key: flag for key, flag in flags.items() if flag is not None}

    def _related(self, definitions: Definitions) -> Generator[None, None, Definitions]:
        """Checks what sections say of each other, as far as both sides can be read."""
        broken = {problem.path[0] for problem in self.problems if problem.path}
        reader = ConditionReader(definitions.segments)
        for name in definitions.segments:
            reader.segment(name, ("segments", name))
        found = [*reader.problems, *section_problems(definitions)]
        self.problems += [problem for problem in found if not broken & _NEEDS[str(problem.path[0])]]
        if "segments" in broken:
            return definitions
        return msgspec.structs.replace(definitions, flags=(yield from self._sound(definitions)))

    def _sound(self, definitions: Definitions) -> Generator[None, None, dict[str, Flag]]:
        """Flags that fail keep their earlier form; where that fails too, by what surrounds it now, they go."""
        found = yield from self._flag_problems(definitions.flags, definitions)
        if not found:
            return definitions.flags
        self.problems += found
        flags = self._repaired(definitions.flags, {_flag_of(problem) for problem in found})
        still = yield from self._flag_problems(flags, definitions)
        self.problems += [problem for problem in still if problem not in found]
        gone = {_flag_of(problem) for problem in still}
        return {key: flag for key, flag in flags.items() if key not in gone}

    def _repaired(self, flags: Mapping[str, Flag], broken: Container[str | None]) -> dict[str, Flag]:
        kept = {key: self.earlier.get(key) if key in broken else flag for key, flag in flags.items()}
        return {key: flag for key, flag in kept.items() if flag is not None}

    def _flag_problems(
        self, flags: Mapping[str, Flag], definitions: Definitions
    ) -> Generator[None, None, list[Problem]]:
        reader = FlagReader(ConditionReader(definitions.segments))
        for key, flag in flags.items():
            yield
            reader.plan(key, flag)
        return [*reader.problems, *flag_problems(flags, self.data.get("flags", ()))]


def _flag_of(problem: Problem) -> str | None:
    """The flag that a problem is about, or None where it is about more than one flag."""
    return str(problem.path[1]) if problem.path[:1] == ("flags",) and len(problem.path) > 1 else None


def _nothings(data: Any, path: Path) -> Iterator[Problem]:
    """Finds keys with nothing after them: `percentage:` alone would otherwise mean everybody."""
    if path[:1] == ("flags",) and path[2:3] == ("variants",) and len(path) > 2:
        return
    if data is None:
        yield Problem(path, "nothing is written here", "write a value, or take the key out")
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _nothings(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _nothings(value, (*path, index))
