"""Whether what the environment gave is a number, a text or nothing: the type that belongs there decides."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import inspect

from reliakit.definitions.environment import EnvironmentText
from reliakit.definitions.expectations import LISTS, accepted, bare, fields, item, kind, options

__all__ = ["ABSENT", "choose", "settle"]

ABSENT: Final = object()
"""What is given as nothing where nothing may not stand: as if it had not been written."""

_ANY = inspect.AnyType()


def choose(text: EnvironmentText, node: inspect.Type) -> Any:
    """Returns what a variable's text means for a type: the scalar that it reads as, if that fits, else the text."""
    kinds = accepted(node)
    if not text.is_set or (text == "" and "null" not in kinds):
        return ABSENT
    if kind(text.value) in kinds or "text" not in kinds:
        return text.value
    return str(text)


def settle(value: Any, node: inspect.Type) -> Any:
    """Returns data without any `EnvironmentText`, each decided by the type that belongs in its place."""
    if isinstance(value, EnvironmentText):
        return choose(value, node)
    if isinstance(value, Mapping):
        inside = _branch(node, inspect.StructType, inspect.DictType)
        settled = {key: settle(held, _value(inside, key)) for key, held in value.items()}
        return {key: held for key, held in settled.items() if held is not ABSENT}
    if isinstance(value, list | tuple):
        inside = _branch(node, *LISTS)
        items = [settle(held, item(inside, index)) for index, held in enumerate(value)]
        return [held for held in items if held is not ABSENT]
    return value


def _branch(node: inspect.Type, *types: type[inspect.Type]) -> inspect.Type:
    return next((bare(option) for option in options(node) if isinstance(bare(option), types)), _ANY)


def _value(node: inspect.Type, key: str) -> inspect.Type:
    if isinstance(node, inspect.StructType):
        known = fields(node).get(key)
        return known.type if known else _ANY
    return node.value_type if isinstance(node, inspect.DictType) else _ANY
