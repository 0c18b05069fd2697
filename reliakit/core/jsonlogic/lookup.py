"""Operators that look something up in the data."""

from collections.abc import Iterable
from typing import Any

from reliakit.core.jsonlogic.values import number, text
from reliakit.core.jsonlogic.work import Logic, Work, spend

__all__ = ["attribute", "missing", "missing_some", "var"]


def var(data: Any, work: Work, key: Any = None, default: Any = None) -> Any:
    """Returns what a path such as `user.groups.0` leads to, or `default`; without a path, all of the data."""
    if key is None or key == "":
        return data
    if isinstance(key, int | float):
        return _at(data, key, default)
    steps = text(key, work).split(".")
    spend(work, len(steps))
    return _follow(data, steps, default)


def _follow(data: Any, steps: Iterable[str], default: Any) -> Any:
    for step in steps:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list | str):
            if step == "length":
                return len(data)
            if not _is_index(step) or int(step) >= len(data):
                return default
            data = data[int(step)]
        else:
            return default
    return default if data is None else data


def _at(data: Any, key: float, default: Any) -> Any:
    if not isinstance(data, list | str) or key != key:
        return default
    index = int(key)
    return data[index] if index == key and 0 <= index < len(data) else default


def _is_index(step: str) -> bool:
    """Whether it is a whole number as JavaScript would write it; longer ones are in no list."""
    return step.isascii() and step.isdigit() and len(step) < 20 and (step == "0" or step[0] != "0")


def attribute(name: str) -> Logic:
    """returns `var` of a path that is written out, which is what nearly every rule asks."""
    steps = tuple(name.split("."))

    def look(data: Any, work: Work) -> Any:
        return data.get(name) if data.__class__ is dict else _follow(data, steps, None)

    return look if len(steps) == 1 else lambda data, work: _follow(data, steps, None)


def missing(data: Any, work: Work, *keys: Any) -> list[Any]:
    """Returns those of the paths that lead to nothing, to null or to an empty text."""
    wanted = keys[0] if keys and isinstance(keys[0], list) else keys
    spend(work, len(wanted))
    return [key for key in wanted if _is_nothing(var(data, work, key))]


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value == "")


def missing_some(data: Any, work: Work, need: Any = 0, keys: Any = None, *_: Any) -> list[Any]:
    """Returns what is missing of the paths, unless at least `need` of them lead to something."""
    if not isinstance(keys, list):
        return []
    absent = missing(data, work, keys)
    return [] if len(keys) - len(absent) >= number(need, work) else absent
