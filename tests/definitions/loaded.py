"""Documents loaded from text, for the tests of this folder."""

from collections.abc import Mapping
from textwrap import dedent

from reliakit.definitions.documents import read, run
from reliakit.definitions.loading import Loaded, load
from reliakit.definitions.models import Definitions

__all__ = ["definitions", "loaded", "problems"]


def loaded(
    text: str | bytes,
    name: str = "x.yaml",
    environ: Mapping[str, str] | None = None,
    previous: Definitions | None = None,
) -> Loaded:
    """Loads a document as a process does, from its text to its definitions."""
    document, found = run(read(text, name))
    if document is None:
        return Loaded(None, tuple(found))
    return run(load(document, environ or {}, previous, found))


def definitions(text: str, previous: Definitions | None = None) -> Definitions:
    """Loads YAML below `format: 1` that has to be sound."""
    result = loaded(f"format: 1\n{dedent(text)}", previous=previous)
    assert not result.problems, [str(problem) for problem in result.problems]
    assert result.definitions is not None
    return result.definitions


def problems(
    text: str, previous: Definitions | None = None, environ: Mapping[str, str] | None = None
) -> list[str]:
    """Loads YAML below `format: 1`, and returns `line: path: message (hint)` of each problem."""
    result = loaded(f"format: 1\n{dedent(text)}", environ=environ, previous=previous)
    return [str(problem).removeprefix("x.yaml:") for problem in result.problems]
