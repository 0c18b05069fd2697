"""The JSON Schema of a definitions document, for editors and other tools.

It is derived from the models, so it accepts what they accept. What only makes sense across sections (a segment
that must exist, a loop of prerequisites) no JSON Schema can say; `reliakit check` does.
"""

from typing import Any

import msgspec

from reliakit.definitions.analysis_models import GuardSection
from reliakit.definitions.conditions import condition_schema
from reliakit.definitions.guards import guard_schema
from reliakit.definitions.meanings import meanings, purpose, sections
from reliakit.definitions.models import Definitions

__all__ = ["schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FROM_ENVIRONMENT = {
    "description": "the value of an environment variable: env:NAME, or env:NAME|default",
    "type": "string",
    "pattern": r"^env:[A-Za-z_][A-Za-z0-9_.-]*(\|[\s\S]*)?$(?!\n)",
}
_ANY_VALUE = {
    "title": "Value",
    "description": "a value of a variant: text, a number, true, false, null, a list or a mapping",
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"$ref": "#/$defs/Value"}},
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/Value"}},
    ],
}
_SCALARS = {"string", "integer", "number", "boolean"}


def schema() -> dict[str, Any]:
    """Returns the schema as a JSON-serialisable mapping."""
    root = msgspec.json.schema(Definitions)
    written = {
        **root["$defs"],
        "Condition": condition_schema(),
        "Guard": guard_schema(),
        "Value": _ANY_VALUE,
    }
    refined = {name: _refined(section) for name, section in written.items()}
    for model in sections():
        name = "Guard" if model is GuardSection else model.__name__
        refined[name] = _explained(refined[name], model)
    refined["FromEnvironment"] = _FROM_ENVIRONMENT
    return {"$schema": _DIALECT, "title": "reliakit definitions", "$ref": root["$ref"], "$defs": refined}


def _explained(section: dict[str, Any], model: type[msgspec.Struct]) -> dict[str, Any]:
    """Says what a section is for, and of each key what it means: what is expected there stands further inside."""
    told = {key: {"description": text} for key, text in meanings(model).items()}
    properties = {key: _over(part, told.get(key, {})) for key, part in section["properties"].items()}
    return {**section, "description": purpose(model), "properties": properties}


def _over(part: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Lays a meaning over what is expected, which `allOf` keeps."""
    expected = told and "description" in part
    return {**told, "allOf": [part]} if expected else {**part, **told}


def _refined(node: Any) -> Any:
    """Takes out null, which no key but a variant may hold, and lets `env:NAME` stand for any scalar."""
    if isinstance(node, list):
        return [_refined(part) for part in node]
    if not isinstance(node, dict):
        return node
    if "anyOf" in node and "description" not in node:
        node = _without_null(node)
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    if _is_leaf(node):
        return {"anyOf": [_no_reference(node), {"$ref": "#/$defs/FromEnvironment"}]}
    return {key: _properties(key, value) for key, value in node.items()}


def _is_leaf(node: dict[str, Any]) -> bool:
    return "enum" in node or "const" in node or bool(_kinds(node) & _SCALARS)


def _kinds(node: dict[str, Any]) -> set[str]:
    kind = node.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)


def _no_reference(node: dict[str, Any]) -> dict[str, Any]:
    """A text that starts as a reference has to be one, or the environment would be asked for nonsense."""
    return {**node, "not": {"type": "string", "pattern": "^env:"}} if "string" in _kinds(node) else node


def _properties(key: str, value: Any) -> Any:
    if key in ("properties", "patternProperties", "$defs"):
        return {name: _refined(part) for name, part in value.items()}
    return value if key in ("propertyNames", "default", "required", "enum") else _refined(value)


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    kept = [part for part in node["anyOf"] if part != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
    return {**rest, **kept[0]} if len(kept) == 1 else {**rest, "anyOf": kept}
