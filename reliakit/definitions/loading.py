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
from reliakit.definitions.flagd.recognition import is_flagd
from reliakit.definitions.flags import FlagReader, wanted_by
from reliakit.definitions.guards import unread_guards
from reliakit.definitions.models import Condition, Definitions, Flag
from reliakit.definitions.prerequisites import loops, prerequisite_problems
from reliakit.definitions.problems import Path, Problem
from reliakit.definitions.references import section_problems, warnings
from reliakit.definitions.validation import convert

__all__ = ["Loaded", "load"]

_FLAGS = Definitions.__annotations__["flags"]
_NOTHING = "nothing is written here"
_NEEDS: Mapping[str, frozenset[str]] = {
    "segments": frozenset({"segments"}),
    "identity": frozenset({"identity"}),
    "outcomes": frozenset({"outcomes"}),
    "upstreams": frozenset({"upstreams"}),
    "listen": frozenset({"listen"}),
    "rollouts": frozenset({"rollouts", "upstreams", "segments"}),
    "routes": frozenset({"routes", "rollouts", "upstreams"}),
    "store": frozenset({"store"}),
    "notify": frozenset({"notify"}),
}
"""What must be readable before it is worth saying what a section refers to in vain."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a document.

    `definitions` is None where a section other than `flags` is unusable, or where a flag that was in force could be
    kept neither in its new form nor, by what surrounds it now, in its earlier one. Other flags with problems are in
    it in their earlier form, or not at all where they have none.

    Problems and warnings are in the order of their lines, those of each document together.

    `partial` says that the definitions are meant to be used although flags of them have problems, also by a process
    that knows no earlier ones: those flags answer with an error.
    """

    definitions: Definitions | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    partial: bool = False


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
    if is_flagd(document.data):
        from reliakit.definitions.flagd.loading import load_flagd

        return (yield from load_flagd(document, previous, found))
    loading = _Loading(document, environ, previous.flags if previous else {}, found)
    definitions = yield from loading.run()
    also = [] if definitions is None else (yield from warnings(definitions))
    problems = yield from loading.told(loading.problems)
    return Loaded(definitions, problems, (yield from loading.told(also)))


class _Loading:
    def __init__(
        self,
        document: Document,
        environ: Mapping[str, str],
        earlier: Mapping[str, Flag],
        found: Iterable[Problem],
    ) -> None:
        self.document, self.environ, self.earlier = document, environ, earlier
        self.problems = [*found]
        self.stuck = False
        written = document.data.get("flags")
        self.written: Mapping[str, Any] = written if isinstance(written, dict) else {}
        self.unread: dict[str, Any] = {}
        self.prepared: dict[str, Any] = {}

    def told(self, problems: Iterable[Problem]) -> Generator[None, None, tuple[Problem, ...]]:
        """Locates problems and puts them in the order of a reader, each once."""
        located: dict[Problem, None] = {}
        for problem in problems:
            yield
            located[self._located(problem)] = None
        nothings = {problem.path for problem in located if problem.message == _NOTHING}
        told = (each for each in located if each.message == _NOTHING or each.path not in nothings)
        return tuple(
            sorted(told, key=lambda problem: (problem.source, problem.line or 0, problem.column or 0))
        )

    def _located(self, problem: Problem) -> Problem:
        line = problem.line or self.document.line(problem.path)
        return replace(problem, source=problem.source or self.document.origin(problem.path), line=line)

    def run(self) -> Generator[None, None, Definitions | None]:
        sections = yield from self._sections()
        flags = yield from self._flags()
        definitions = yield from self._related(msgspec.structs.replace(sections, flags=flags))
        unusable = self.stuck or any(_flag_of(problem) is None for problem in self.problems)
        return None if unusable else definitions

    def _sections(self) -> Generator[None, None, Definitions]:
        """Everything but the flags, which are converted one by one; a section that is wrong is left out."""
        rest = {key: value for key, value in self.document.data.items() if key != "flags" or not self.written}
        self.prepared = self._prepared(rest)
        sound: dict[str, Any] = {"format": 1}
        if "format" not in rest:
            self.problems.append(
                Problem((), 'the key "format" is missing', "write `format: 1` in the first line")
            )
        for key, value in self.prepared.items():
            yield
            converted = self._convert({"format": 1} | {key: value}, Definitions, ())
            if converted is not None and key in Definitions.__struct_fields__:
                sound[key] = getattr(converted, key)
        return Definitions(**sound)

    def _prepared(self, data: dict[str, Any]) -> dict[str, Any]:
        """The data with its environment variables; what is missing of it is reported."""
        prepared, unset = substitute(replace(self.document, data=data), self.environ)
        self.problems += [*unset, *_nothings(prepared, ())]
        return dict(prepared)

    def _convert(self, data: Any, kind: Any, path: Path) -> Any:
        value, found = convert(data, kind, path=path)
        self.problems += found
        return None if found else value

    def _flags(self) -> Generator[None, None, dict[str, Flag]]:
        broken = {_flag_of(problem) for problem in self.problems}
        flags: dict[str, Flag | None] = {}
        for key, written in self.written.items():
            yield
            before = len(self.problems)
            prepared = self._prepared({"flags": {key: written}})["flags"]
            converted = self._convert(prepared, _FLAGS, ("flags",))
            if converted is None:
                self.unread[key] = prepared[key]
            sound = len(self.problems) == before and key not in broken
            flags[key] = converted[key] if sound else self.earlier.get(key)
        return {key: flag for key, flag in flags.items() if flag is not None}

    def _related(self, definitions: Definitions) -> Generator[None, None, Definitions]:
        """Checks what sections say of each other, as far as both sides can be read."""
        broken = {problem.path[0] for problem in self.problems if problem.path}
        reader = ConditionReader(definitions.segments)
        for name in definitions.segments:
            yield
            reader.segment(name, ("segments", name))
        found = [*reader.problems, *section_problems(definitions)]
        self.problems += [problem for problem in found if not broken & _NEEDS[str(problem.path[0])]]
        if "rollouts" in broken:
            self.problems += unread_guards(self.prepared.get("rollouts"))
        flags = yield from self._sound(definitions.flags, self._segments(definitions, broken))
        return msgspec.structs.replace(definitions, flags=flags)

    def _segments(self, definitions: Definitions, broken: Container[object]) -> Mapping[str, Any]:
        """The segments; where they can't be read, their names alone, so that rules can still be checked."""
        if "segments" not in broken:
            return definitions.segments
        written = self.document.data.get("segments")
        return {name: {} for name in written} if isinstance(written, dict) else _AnyName()

    def _sound(
        self, flags: Mapping[str, Flag], segments: Mapping[str, Any]
    ) -> Generator[None, None, dict[str, Flag]]:
        """Flags that fail keep their earlier form."""
        yield from self._glance(segments)
        found = yield from self._flag_problems(flags, segments)
        if not found:
            return dict(flags)
        self.problems += found
        kept = self._repaired(flags, {str(_flag_of(problem)) for problem in found})
        still = yield from self._flag_problems(kept, segments)
        self.problems += still
        gone = {_flag_of(problem) for problem in still}
        self.stuck = bool(gone & self.earlier.keys())
        return {key: flag for key, flag in kept.items() if key not in gone}

    def _repaired(self, flags: Mapping[str, Flag], broken: set[str]) -> dict[str, Flag]:
        """Flags with the earlier form of the broken ones, and with what those required and is not written any more."""
        kept = {key: flag for key, flag in flags.items() if key not in broken}
        pending = list(broken)
        while pending:
            key = pending.pop()
            if key in self.earlier and key not in kept:
                kept[key] = self.earlier[key]
                self.problems += [] if key in self.written else [_left(key)]
                pending += [wanted for wanted, _ in wanted_by(kept[key])]
        return kept

    def _flag_problems(
        self, flags: Mapping[str, Flag], segments: Mapping[str, Any]
    ) -> Generator[None, None, list[Problem]]:
        reader = FlagReader(ConditionReader(segments))
        for key, flag in flags.items():
            yield
            reader.plan(key, flag)
            reader.problems += prerequisite_problems(key, flags, self.written)
        return [*reader.problems, *(yield from loops(flags))]

    def _glance(self, segments: Mapping[str, Any]) -> Generator[None, None, None]:
        """Reports the conditions of flags that can't be read, so that nobody mends a file mistake by mistake."""
        reader = ConditionReader(segments)
        for key, flag in self.unread.items():
            yield
            rules = flag.get("rules") if isinstance(flag, dict) else None
            for index, rule in enumerate(rules if isinstance(rules, list) else ()):
                written = rule.get("if") if isinstance(rule, dict) else None
                condition = convert(written, Condition)[0] if isinstance(written, dict) else None
                if condition is not None:
                    reader.read(condition, ("flags", key, "rules", index, "if"))
        self.problems += reader.problems


class _AnyName(dict[str, Any]):
    """Stands for segments that can't be read at all: every name is known, and means nobody."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> dict[str, Any]:
        return {}


def _flag_of(problem: Problem) -> str | None:
    """The flag that a problem is about, or None where it is about more than one flag."""
    return str(problem.path[1]) if problem.path[:1] == ("flags",) and len(problem.path) > 1 else None


def _left(key: str) -> Problem:
    message = "it is not written any more, and stays in force for flags that require it"
    return Problem(("flags", key), message, "write it again, or take it out of their prerequisites")


def _nothings(data: Any, path: Path) -> Iterator[Problem]:
    """Finds keys with nothing after them: `percentage:` alone would otherwise mean everybody."""
    if path[:1] == ("flags",) and path[2:3] == ("variants",) and len(path) > 3:
        return
    if data is None:
        yield Problem(
            path, _NOTHING, "write a value, indent what belongs to it below it, or take the key out"
        )
    elif isinstance(data, dict | list):
        for step, value in data.items() if isinstance(data, dict) else enumerate(data):
            # Asked here, so that a list of fifty thousand users costs no fifty thousand generators.
            if value is None or isinstance(value, dict | list):
                yield from _nothings(value, (*path, step))
