"""From data to a model, or to every reason why not."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from reliakit.definitions.environment import EnvironmentText
from reliakit.definitions.problems import Path, Problem

__all__ = ["convert"]

T = TypeVar("T")
Locate = Callable[[Path], tuple[str, int | None]]


def convert(
    data: Any, model: type[T] | Any, *, path: Path = (), locate: Locate | None = None
) -> tuple[T | None, list[Problem]]:
    """Converts data to a model, strictly; texts from the environment become numbers where the model wants those.

    Args:
        data: what a document holds, after `environment.substitute`.
        model: whatever msgspec can convert to.
        path: where in the document the data stands.
        locate: answers with the name and line of a path; without it, problems carry none.

    Returns:
        The model; or None and all that is wrong with the data. (None alone, where what is missing is a variable
        that `substitute` has reported already, or where the model is None.)
    """
    marks = _marks(data)
    try:
        value: T = msgspec.convert(
            _settled(data, model) if "environment" in marks else data, model, strict=True
        )
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        problems = _problems(data, model, path)
        if not problems and "unset" not in marks:
            problems = [Problem(path, str(error))]
        return None, _located(problems, locate)
    # msgspec lets infinity pass a lower bound.
    problems = _problems(data, model, path) if "not finite" in marks else []
    return (None if problems else value), _located(problems, locate)


def _problems(data: Any, model: Any, path: Path) -> list[Problem]:
    # Imported when the first problem is met: a service that starts on a sound file needs none of it.
    from reliakit.definitions.mismatches import mismatches

    return list(mismatches(data, _node(model), path))


def _settled(data: Any, model: Any) -> Any:
    from reliakit.definitions.settling import settle

    return settle(data, _node(model))


@lru_cache(maxsize=64)
def _node(model: Any) -> msgspec.inspect.Type:
    return msgspec.inspect.type_info(model)


def _located(problems: list[Problem], locate: Locate | None) -> list[Problem]:
    if locate is None:
        return problems
    places = [locate(problem.path) for problem in problems]
    return [
        replace(problem, source=place[0], line=place[1])
        for problem, place in zip(problems, places, strict=True)
    ]


def _marks(data: Any) -> set[str]:
    """What there is in data that msgspec alone would not judge rightly."""
    marks: set[str] = set()
    rest = [data]
    while rest:
        value = rest.pop()
        if isinstance(value, Mapping):
            rest.extend(value.values())
        elif isinstance(value, list | tuple):
            rest.extend(value)
        elif isinstance(value, EnvironmentText):
            marks |= {"environment"} if value.is_set else {"environment", "unset"}
        elif isinstance(value, float) and not math.isfinite(value):
            marks.add("not finite")
    return marks
