"""Everything in data that doesn't fit a type.

msgspec says that something doesn't fit and stops at the first such thing; this walks on and says what, where and
what to write instead.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from msgspec import inspect

from reliakit.definitions.environment import EnvironmentText
from reliakit.definitions.expectations import (
    LISTS,
    accepted,
    bare,
    bounded,
    description,
    fields,
    item,
    kind,
    options,
    phrase,
)
from reliakit.definitions.problems import Path, Problem, describe, suggestion
from reliakit.definitions.quantities import advice
from reliakit.definitions.settling import ABSENT, choose

__all__ = ["mismatches"]

_SHORT_LIST = 12
_WORDS = {"null": "nothing", "bool": "true or false", "int": "a number", "float": "a number", "text": "text"}


def mismatches(value: Any, node: inspect.Type, path: Path = ()) -> Iterator[Problem]:
    """Yields a problem for each thing in `value` that `node` (of `msgspec.inspect`) doesn't accept.

    Of a union, the problems of the branch that the value comes nearest to are told.
    """
    if isinstance(value, EnvironmentText):
        chosen = choose(value, node)
        if chosen is not ABSENT and any(mismatches(chosen, node, path)):
            yield _from_environment(value, chosen, node, path)
        return
    fitting = [option for option in options(node) if kind(value) in accepted(option)]
    if not fitting:
        yield _wrong(value, node, path)
        return
    yield from min((list(_inside(value, option, _told(option, node), path)) for option in fitting), key=len)


def _told(option: inspect.Type, node: inspect.Type) -> inspect.Type:
    """Of a union, a choice says too little alone; any other branch says best what is wrong with a value of its kind."""
    choice = isinstance(bare(option), inspect.LiteralType) or description(node) is not None
    return node if choice else option


def _inside(value: Any, option: inspect.Type, told: inspect.Type, path: Path) -> Iterator[Problem]:
    inner = bare(option)
    check = _CHECKS.get(type(inner))
    if check is not None:
        yield from check(value, inner, path)
    fits = _FITS.get(type(inner))
    if fits is not None and not fits(value, inner):
        yield _wrong(value, told, path)


def _wrong(value: Any, node: inspect.Type, path: Path) -> Problem:
    return Problem(path, f"expected {phrase(node)}, got {_shown(value, node)}", _advice(value, node))


def _from_environment(text: EnvironmentText, value: Any, node: inspect.Type, path: Path) -> Problem:
    word = _WORDS[kind(value)]
    return Problem(path, f"expected {phrase(node)}, got {word} from the environment variable {text.name}")


def _shown(value: Any, node: inspect.Type) -> str:
    secret = _extra(node, "secret") and isinstance(value, str)
    return f"text of {len(value)} characters" if secret else describe(value)


def _extra(node: inspect.Type, key: str) -> Any:
    """What a model's author said of a type beside its description."""
    for each in _layers(node):
        if isinstance(each, inspect.Metadata) and key in (each.extra or {}):
            return (each.extra or {})[key]
    return None


def _layers(node: inspect.Type) -> Iterator[inspect.Type]:
    for option in (node, *options(node)):
        layer = option
        while isinstance(layer, inspect.Metadata):
            yield layer
            layer = layer.type


def _advice(value: Any, node: inspect.Type) -> str | None:
    """A hint for the slips that are common."""
    kinds = accepted(node)
    if value is None:
        return "write a value after the colon, or take the key out"
    if value != "" and (quantity := _extra(node, "quantity")):
        return advice(quantity, value)
    if isinstance(value, str):
        return _text_advice(value, node, kinds)
    if "list" in kinds and isinstance(value, Mapping):
        return "write a list: start each item with `- `, or put the mapping in [ ]"
    if _fits_in_list(value, node):
        return f"put it in a list: [{describe(value)}]"
    if "text" in kinds and isinstance(value, bool | int | float):
        return f'put it in quotes: "{describe(value)}"'
    return None


def _text_advice(text: str, node: inspect.Type, kinds: frozenset[str]) -> str | None:
    if text == "":
        return "write something, or take the key out"
    if "bool" in kinds and text.lower() in _SWITCHES:
        return f"write {_SWITCHES[text.lower()]}, without quotes"
    if kinds & {"int", "float"} and (number := re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s*(%?)\s*", text)):
        return f"write {number[1]}, " + ("without the % sign" if number[2] else "without quotes")
    if _fits_in_list(text, node):
        return f"put it in a list: [{describe(text)}]"
    return suggestion(text, [value for option in options(node) for value in _choices(option)])


def _fits_in_list(value: Any, node: inspect.Type) -> bool:
    lists = [bare(option) for option in options(node) if isinstance(bare(option), LISTS)]
    return any(kind(value) in accepted(item(each, 0)) for each in lists)


_SWITCHES = {"on": "true", "yes": "true", "true": "true", "off": "false", "no": "false", "false": "false"}


def _choices(node: inspect.Type) -> list[str]:
    inner = bare(node)
    values = inner.values if isinstance(inner, inspect.LiteralType) else ()
    return [value for value in values if isinstance(value, str)]


def _struct(value: Mapping[Any, Any], node: inspect.StructType, path: Path) -> Iterator[Problem]:
    known = fields(node)
    for key, held in value.items():
        if key in known:
            yield from mismatches(held, known[key].type, (*path, key))
        elif node.forbid_unknown_fields and key != node.tag_field:
            yield _unknown(key, list(known), path)
    for key, field in known.items():
        if field.required and _is_missing(value, key, field.type):
            hint = f"write `{key}:` followed by {phrase(field.type)}"
            yield Problem(path, f"the key {describe(key)} is missing", hint)


def _is_missing(value: Mapping[Any, Any], key: str, node: inspect.Type) -> bool:
    held = value.get(key, ABSENT)
    if isinstance(held, EnvironmentText):
        # A variable that is not set has been reported as that.
        return held.is_set and choose(held, node) is ABSENT
    return held is ABSENT


def _unknown(key: Any, known: list[str], path: Path) -> Problem:
    meant = suggestion(str(key), known)
    keys = f"known here: {', '.join(known)}" if len(known) <= _SHORT_LIST or not meant else None
    hint = "; ".join(filter(None, [meant, keys]))
    return Problem((*path, str(key)), f"unknown key {describe(key)}", hint or None)


def _dict(value: Mapping[Any, Any], node: inspect.DictType, path: Path) -> Iterator[Problem]:
    if _is_short(len(value), node.min_length) or _is_long(len(value), node.max_length):
        yield Problem(path, f"expected {_count(node.min_length, node.max_length, 'key')}, got {len(value)}")
    for key, held in value.items():
        for problem in mismatches(key, node.key_type, (*path, str(key))):
            yield Problem(
                problem.path, f"expected a key that is {phrase(node.key_type)}, got {describe(key)}"
            )
        yield from mismatches(held, node.value_type, (*path, str(key)))


def _list(value: Any, node: Any, path: Path) -> Iterator[Problem]:
    wanted = len(node.item_types) if isinstance(node, inspect.TupleType) else None
    least, most = getattr(node, "min_length", wanted), getattr(node, "max_length", wanted)
    if _is_short(len(value), least) or _is_long(len(value), most):
        yield Problem(path, f"expected {_count(least, most, 'item')}, got {len(value)}")
    for index, held in enumerate(value):
        yield from mismatches(held, item(node, index), (*path, index))


def _is_short(length: int, least: int | None) -> bool:
    return least is not None and length < least


def _is_long(length: int, most: int | None) -> bool:
    return most is not None and length > most


def _count(least: int | None, most: int | None, noun: str) -> str:
    noun += "" if (least if most is None else most) == 1 else "s"
    if least == most:
        return f"exactly {least} {noun}"
    said = ["" if least is None else f"at least {least}", "" if most is None else f"at most {most}"]
    return f"{' and '.join(filter(None, said))} {noun}"


def _number_fits(value: Any, node: Any) -> bool:
    if isinstance(node, inspect.FloatType):
        try:
            value = float(value)
        except OverflowError:
            return False
    if not math.isfinite(value):
        return not bounded(node)
    return not (
        (node.ge is not None and value < node.ge)
        or (node.gt is not None and value <= node.gt)
        or (node.le is not None and value > node.le)
        or (node.lt is not None and value >= node.lt)
    )


def _text_fits(value: str, node: Any) -> bool:
    if _is_short(len(value), node.min_length) or _is_long(len(value), node.max_length):
        return False
    return node.pattern is None or re.search(node.pattern, value) is not None


def _date_fits(value: Any, node: Any) -> bool:
    # date.fromisoformat alone would take 20261123 and 2026-W48-1 too, which msgspec and JSON Schema don't.
    if not isinstance(value, str):
        return True
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) and date.fromisoformat(value))
    except ValueError:
        return False


def _choice_fits(value: Any, node: Any) -> bool:
    return any(value == each and kind(value) == kind(each) for each in node.values)


_CHECKS: dict[type[inspect.Type], Callable[[Any, Any, Path], Iterator[Problem]]] = {
    inspect.StructType: _struct,
    inspect.DictType: _dict,
    **dict.fromkeys(LISTS, _list),
}
_FITS: dict[type[inspect.Type], Callable[[Any, Any], bool]] = {
    inspect.IntType: _number_fits,
    inspect.FloatType: _number_fits,
    inspect.StrType: _text_fits,
    inspect.DateType: _date_fits,
    inspect.LiteralType: _choice_fits,
}
