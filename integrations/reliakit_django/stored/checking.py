"""Whether rows make sense together: asked of a kit of their own, which runs nothing and shares nothing."""

import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from reliakit import ConfigurationError, Content, Reliakit
from reliakit_django.stored.composing import Composed, Row, composed

__all__ = ["Findings", "drafted", "findings"]

Findings = dict[str, list[str]]
"""Problems in words, by the field of the form where they can be mended; `__all__` where they are about others."""

_NAME = "draft"
_ELSEWHERE = "__all__"


class _Draft:
    """A document that is not in force."""

    name, keep_copy = _NAME, False

    def __init__(self, content: Content) -> None:
        self._content = content

    async def load(self) -> Content:
        return self._content

    async def changes(self) -> AsyncIterator[None]:
        """Nobody watches a draft."""
        return
        yield


@contextmanager
def drafted(rows: Iterable[Row]) -> Iterator[Reliakit]:
    """Yields a kit of what rows say, for looking at; it is closed at the end.

    Raises:
        ConfigurationError: they have problems.
    """
    with _kit(composed(rows, _NAME, 0)) as kit:
        yield kit


def findings(rows: Iterable[Row], about: Row | None = None) -> Findings:
    """Returns what is wrong with rows; empty where nothing is.

    Args:
        rows: all that there would be.
        about: the one of them that was edited, in whose form problems are told; None where one was taken away.
    """
    document = composed(rows, _NAME, 0)
    try:
        with _kit(document):
            return {}
    except ConfigurationError as refused:
        found: Findings = {}
        for problem in refused.problems:
            field, text = _told(problem, document, about)
            found.setdefault(field, []).append(text)
        return found


@contextmanager
def _kit(document: Composed) -> Iterator[Reliakit]:
    # What pins or replaces the definitions of this process says nothing about a draft.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RELIAKIT_")}
    kit = Reliakit(_Draft(document.content), on_invalid="refuse", store="memory", environ=environ)
    try:
        yield kit
    finally:
        kit.close()


def _told(problem: Any, document: Composed, about: Row | None) -> tuple[str, str]:
    if about is None:
        return _ELSEWHERE, _text(problem, problem.path)
    place = document.places[about.section, about.key]
    own = problem.path[:2] == (about.section, about.key)
    if own and problem.source != _NAME:  # the document of the switches
        return "percentage", _text(problem, problem.path[2:])
    line = None if problem.line is None else problem.line - place.first + 1
    if line is not None and (own or 1 <= line <= place.count):
        inside = problem.path[2:] if own else ()
        return "definition", _text(problem, inside, min(max(line, 1), place.count))
    if len(problem.path) < 2:  # only this row is new: what it leaves open ends somewhere else
        return "definition", _text(problem, ())
    return _ELSEWHERE, _text(problem, problem.path)


def _text(problem: Any, path: tuple[str | int, ...], line: int | None = None) -> str:
    # Columns are those of the document, in which a definition is indented.
    return str(replace(problem, source="", line=line, column=None, path=path))
