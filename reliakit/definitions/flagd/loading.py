"""From a flagd document to definitions. Where a flag is invalid, that flag alone is an error."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from typing import Any

from reliakit.definitions.documents import Document
from reliakit.definitions.flagd.logic import LogicReader
from reliakit.definitions.flagd.models import FlagdFlag
from reliakit.definitions.flagd.reading import FlagdReader, metadata_problems, unknown_keys
from reliakit.definitions.loading import Loaded
from reliakit.definitions.models import Definitions, Flag
from reliakit.definitions.problems import Path, Problem, describe

__all__ = ["load_flagd"]

_KEYS = ("format", "bucketing", "flags", "$evaluators", "metadata", "$schema", "$comment", "$id")
_PARTS = ("flags", "$evaluators")
"""Where a mistake is about some flags, and not about all."""


def load_flagd(
    document: Document, previous: Definitions | None, found: Iterable[Problem]
) -> Generator[None, None, Loaded]:
    """Loads a flagd document; cooperative, as `loading.load` is.

    A broken flag keeps its earlier form; where it has none it answers PARSE_ERROR, as flagd would, and its siblings
    work. What is wrong beside the flags leaves everything as it was.

    Args:
        document: what was read, marked as flagd's.
        previous: definitions in force.
        found: problems that reading the document has found.

    Returns (as the generator's value):
        Definitions, problems and warnings, each with file and line.
    """
    loading = _Loading(document, previous.flags if previous else {}, found)
    flags = yield from loading.flags()
    usable = all(problem.path[1:] and problem.path[0] in _PARTS for problem in loading.problems)
    definitions = Definitions(format=1, flags=flags) if usable else None
    return Loaded(
        definitions, loading.located(loading.problems), loading.located(loading.warnings), partial=usable
    )


class _Loading:
    def __init__(self, document: Document, earlier: Mapping[str, Flag], found: Iterable[Problem]) -> None:
        self.document, self.earlier = document, earlier
        self.problems = [*found]
        self.warnings = unknown_keys(document.data, _KEYS, ())
        self.twice = {problem.path[1] for problem in self.problems if problem.path[:1] == ("flags",)}

    def located(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Locates problems and puts them in the order of a reader, each once."""
        told = dict.fromkeys(map(self._located, problems))
        return tuple(sorted(told, key=lambda each: (each.source, each.line or 0, each.column or 0)))

    def _located(self, problem: Problem) -> Problem:
        line = problem.line or self.document.line(problem.path)
        return replace(problem, source=problem.source or self.document.origin(problem.path), line=line)

    def flags(self) -> Generator[None, None, dict[str, Flag]]:
        """Reads all flags, and what they share first."""
        logic = LogicReader(self._mapping("$evaluators"))
        for name in logic.evaluators:
            yield
            logic.evaluator(name)
        self.problems += logic.problems
        reader = FlagdReader(logic, self._bucketing(), self._metadata())
        flags: dict[str, Flag] = {}
        for key, written in self._written().items():
            yield
            flags[key] = self._kept(key, reader.flag(key, written))
        self.problems += reader.problems
        self.warnings += reader.warnings
        return flags

    def _kept(self, key: str, flag: FlagdFlag) -> Flag:
        if key in self.twice and flag.broken is None:
            flag = FlagdFlag(broken="something in it is written twice", variants={})
        earlier = self.earlier.get(key)
        usable = earlier is not None and getattr(earlier, "broken", None) is None
        return earlier if flag.broken is not None and earlier is not None and usable else flag

    def _written(self) -> Mapping[str, Any]:
        if "flags" not in self.document.data:
            self._wrong((), 'the key "flags" is missing', 'write "flags": {...}')
        return self._mapping("flags")

    def _mapping(self, key: str) -> Mapping[str, Any]:
        written = self.document.data.get(key)
        if written is not None and not isinstance(written, dict):
            self._wrong((key,), f"expected a mapping, got {describe(written)}")
        return written if isinstance(written, dict) else {}

    def _bucketing(self) -> int:
        written = self.document.data.get("bucketing", 1)
        if written not in (1, 2) or isinstance(written, bool | float):
            hint = "1 is what flagd ships today, 2 hashes any value alike in every language"
            self._wrong(("bucketing",), f"expected 1 or 2, got {describe(written)}", hint)
            return 1
        return int(written)

    def _metadata(self) -> Mapping[str, Any]:
        written = self.document.data.get("metadata")
        self.problems += (found := metadata_problems(written, ("metadata",)))
        return written if isinstance(written, dict) and not found else {}

    def _wrong(self, path: Path, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(path, message, hint))
