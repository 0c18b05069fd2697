"""What each key means: the models' docstrings say it once, for editors (the JSON Schema) and for the reference.

A key's text stands under `Attributes:` by the name that Python has for it, and may end in `Default: …` where the default
is not the model's own, but that of whatever reads it.
"""

import re
from collections.abc import Iterator
from functools import partial
from inspect import cleandoc

import msgspec

from reliakit.definitions.analysis_models import GuardSection
from reliakit.definitions.models import Definitions

__all__ = ["meanings", "purpose", "sections"]

_HEADING = "\n\nAttributes:\n"
_ENTRY = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


def sections() -> list[type[msgspec.Struct]]:
    """Returns all sections of a document, from the outside in. None leads to a guard's: it has keys beside its own."""
    found: list[type[msgspec.Struct]] = [*_inside(msgspec.inspect.type_info(Definitions)), GuardSection]
    return list(dict.fromkeys(found))


def _inside(node: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(node, msgspec.inspect.StructType):
        yield node.cls
    for part in map(partial(getattr, node), getattr(node, "__struct_fields__", ())):
        for each in part if isinstance(part, tuple) else (part,):
            if isinstance(each, msgspec.inspect.Type | msgspec.inspect.Field):
                yield from _inside(each)


def purpose(model: type[msgspec.Struct]) -> str:
    """Returns what a section is for."""
    return _docstring(model).partition(_HEADING)[0]


def meanings(model: type[msgspec.Struct]) -> dict[str, str]:
    """Returns what the keys of a section mean, by the names that documents use; those without a text are left out."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(model)}
    return {names[name]: text for name, text in _entries(model) if name in names}


def _entries(model: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    for name, text in _ENTRY.findall(_docstring(model).partition(_HEADING)[2]):
        yield name, " ".join(text.split())


def _docstring(model: type[msgspec.Struct]) -> str:
    return cleandoc(model.__doc__ or "")
