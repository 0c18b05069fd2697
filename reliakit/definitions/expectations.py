"""What a type of a model expects, in the words of those who write documents.

Types are seen through `msgspec.inspect`. A `description` in a `Meta` is used as it is, so it should be a phrase that
completes "expected ...".
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from msgspec import inspect

from reliakit.definitions.problems import describe, enumerate_words

__all__ = [
    "LISTS",
    "accepted",
    "bare",
    "bounded",
    "description",
    "fields",
    "item",
    "kind",
    "options",
    "phrase",
]

LISTS = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType, inspect.TupleType)
_EVERYTHING = frozenset(("null", "bool", "int", "float", "text", "list", "mapping", "date"))
_ACCEPTED: dict[type[inspect.Type], frozenset[str]] = {
    inspect.NoneType: frozenset(("null",)),
    inspect.BoolType: frozenset(("bool",)),
    inspect.IntType: frozenset(("int",)),
    inspect.FloatType: frozenset(("int", "float")),
    inspect.StrType: frozenset(("text",)),
    inspect.DateType: frozenset(("text", "date")),
    inspect.DictType: frozenset(("mapping",)),
    inspect.StructType: frozenset(("mapping",)),
    **dict.fromkeys(LISTS, frozenset(("list",))),
}
_PLAIN: dict[type[inspect.Type], str] = {
    inspect.NoneType: "nothing (null)",
    inspect.BoolType: "true or false",
    inspect.DateType: "a date such as 2026-11-23",
    inspect.AnyType: "any value",
}
_PLURALS: dict[type[inspect.Type], str] = {
    inspect.StrType: "texts",
    inspect.IntType: "whole numbers",
    inspect.FloatType: "numbers",
    inspect.DateType: "dates",
    inspect.DictType: "mappings",
    inspect.StructType: "mappings",
}


def kind(value: object) -> str:
    """Returns what a value is in a document: null, bool, int, float, text, list, mapping or date."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "bool"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return "something else"


_KINDS: tuple[tuple[Any, str], ...] = (
    (str, "text"),
    (int, "int"),
    (float, "float"),
    (Mapping, "mapping"),
    ((list, tuple, set, frozenset), "list"),
    (date, "date"),
)


def bare(node: inspect.Type) -> inspect.Type:
    """Returns a type without the descriptions around it."""
    while isinstance(node, inspect.Metadata):
        node = node.type
    return node


def description(node: inspect.Type) -> str | None:
    """Returns the phrase that a model's author gave a type."""
    while isinstance(node, inspect.Metadata):
        if text := (node.extra_json_schema or {}).get("description"):
            return str(text)
        node = node.type
    return None


def options(node: inspect.Type) -> Iterator[inspect.Type]:
    """Yields the types of a union, nested ones included; or the type itself."""
    inner = bare(node)
    if not isinstance(inner, inspect.UnionType):
        yield node
        return
    for option in inner.types:
        yield from options(option)


def accepted(node: inspect.Type) -> frozenset[str]:
    """Returns the kinds of values that a type can hold; all of them for a type that is not known here."""
    inner = bare(node)
    if isinstance(inner, inspect.UnionType):
        return frozenset().union(*map(accepted, inner.types))
    if isinstance(inner, inspect.LiteralType):
        return frozenset(map(kind, inner.values))
    return _ACCEPTED.get(type(inner), _EVERYTHING)


def fields(node: inspect.StructType) -> dict[str, inspect.Field]:
    """Returns the fields of a Struct by the keys that documents use."""
    return {each.encode_name: each for each in node.fields}


def item(node: inspect.Type, index: int) -> inspect.Type:
    """Returns the type of a list's item; any for what can't be there."""
    if isinstance(node, inspect.TupleType):
        return node.item_types[index] if index < len(node.item_types) else inspect.AnyType()
    return getattr(node, "item_type", None) or inspect.AnyType()


def phrase(node: inspect.Type) -> str:
    """Returns words that complete "expected ...". What is optional is described by what may stand there."""
    if told := description(node):
        return told
    inner = bare(node)
    if isinstance(inner, inspect.UnionType):
        told_options = [phrase(option) for option in inner.types if not isinstance(option, inspect.NoneType)]
        return enumerate_words(list(dict.fromkeys(told_options)))
    if isinstance(inner, inspect.LiteralType):
        return enumerate_words([describe(value) for value in sorted(inner.values, key=str)])
    return _PLAIN.get(type(inner)) or _shaped(inner)


def _shaped(node: inspect.Type) -> str:
    if isinstance(node, inspect.StrType):
        return _text(node)
    if isinstance(node, inspect.IntType | inspect.FloatType):
        word = "a whole number" if isinstance(node, inspect.IntType) else "a number"
        return " ".join(filter(None, [word, _bounds(node)]))
    if isinstance(node, inspect.DictType | inspect.StructType):
        return _mapping(node)
    return _list(node) if isinstance(node, LISTS) else "another kind of value"


def _text(node: inspect.StrType) -> str:
    if node.pattern:
        return f"text that matches {node.pattern}"
    sizes = [
        f"at least {node.min_length}" if node.min_length and node.min_length > 1 else "",
        f"at most {node.max_length}" if node.max_length is not None else "",
    ]
    said = " and ".join(filter(None, sizes))
    return f"text of {said} characters" if said else "text"


def bounded(node: inspect.IntType | inspect.FloatType) -> bool:
    """Whether there is a least or a greatest value."""
    return any(bound is not None for bound in (node.ge, node.gt, node.le, node.lt))


def _bounds(node: inspect.IntType | inspect.FloatType) -> str:
    if node.ge is not None and node.le is not None:
        return f"from {node.ge:g} to {node.le:g}"
    said = [
        f"of {node.ge:g} or more" if node.ge is not None else "",
        f"above {node.gt:g}" if node.gt is not None else "",
        f"of {node.le:g} or less" if node.le is not None else "",
        f"below {node.lt:g}" if node.lt is not None else "",
    ]
    return " and ".join(filter(None, said))


def _mapping(node: inspect.DictType | inspect.StructType) -> str:
    if isinstance(node, inspect.DictType):
        return "a mapping that is not empty" if node.min_length else "a mapping"
    keys = [each.encode_name for each in sorted(node.fields, key=lambda each: not each.required)]
    shown = keys[:4]
    more = ", …" if len(keys) > len(shown) else ""
    return f"a mapping with the keys {', '.join(shown)}{more}" if keys else "an empty mapping"


def _list(node: inspect.Type) -> str:
    if isinstance(node, inspect.TupleType):
        return f"a list of {len(node.item_types)} items"
    plural = _PLURALS.get(type(bare(item(node, 0))))
    return f"a list of {plural}" if plural else "a list"
