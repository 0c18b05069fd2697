"""The reference of settings, from the models: every key with its meaning, what is expected, its default and an example."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from reliakit.definitions import expectations
from reliakit.definitions.analysis_models import GuardSection
from reliakit.definitions.documents import read, run
from reliakit.definitions.meanings import meanings, purpose
from reliakit.definitions.models import Definitions
from reliakit.definitions.operators import OPERATORS

__all__ = ["EXAMPLE", "Section", "Setting", "operators_page", "sections", "settings_page", "undocumented"]

EXAMPLE = Path(__file__).parents[1] / "reference" / "every-key.yaml"
_GUARDS = "rollouts.<name>.analysis.guards[]"
_LONGEST = 76
"""Characters of an example; what is longer has keys of its own, which have examples, too."""
_LIST, _NAMED = "[]", "<name>"


@dataclass(frozen=True, slots=True)
class Setting:
    """One key.

    Attributes:
        path: where it stands: `rollouts.<name>.steps[].weight`.
        meaning: empty where nobody has written it.
        expected: completes "expected ...".
        default: for people; empty where the key is required.
        example: as YAML; empty where the complete example has none.
    """

    path: str
    meaning: str
    expected: str
    default: str
    example: str


@dataclass(frozen=True, slots=True)
class Section:
    """The keys that stand together at `path`, which is empty for the document itself."""

    path: str
    purpose: str
    settings: tuple[Setting, ...]


def sections(
    root: type[msgspec.Struct] = Definitions, example: Mapping[str, Any] | None = None
) -> list[Section]:
    """Returns every section, in the order of the models; a model that stands in two places is two sections."""
    data = _complete() if example is None else example
    found = [_section(model, path, data) for path, model in _places(root, "")]
    return [*found, _section(GuardSection, _GUARDS, data)] if root is Definitions else found


def undocumented(found: list[Section]) -> list[str]:
    """Returns what nobody has documented: `path: what is missing`."""
    return [
        f"{setting.path}: no {what}"
        for section in found
        for setting in section.settings
        for what in ("meaning", "example")
        if not getattr(setting, what)
    ]


def settings_page() -> str:
    """Returns the reference as Markdown."""
    return "\n\n".join(_section_text(section) for section in sections())


def operators_page() -> str:
    """Returns the operators of conditions and their operands, as a Markdown table."""
    rows = [f"| `{name}` | {operator.kind.phrase} |" for name, operator in OPERATORS.items()]
    return "\n".join(["| operator | operand |", "| --- | --- |", *rows])


def _complete() -> Any:
    document, problems = run(read(EXAMPLE.read_bytes(), EXAMPLE.name))
    assert document is not None, problems
    return document.data


def _places(model: type[msgspec.Struct], path: str) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    yield path, model
    for field in msgspec.inspect.type_info(model).fields:  # type: ignore[attr-defined]
        for suffix, inner in _models(field.type):
            yield from _places(inner, f"{path}.{field.encode_name}{suffix}".lstrip("."))


def _models(node: Any) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """The models inside of a type, and what leads there from its key."""
    for option in expectations.options(node):
        inner = expectations.bare(option)
        if isinstance(inner, msgspec.inspect.StructType):
            yield "", inner.cls
        elif isinstance(inner, msgspec.inspect.DictType):
            yield from ((f".{_NAMED}{rest}", model) for rest, model in _models(inner.value_type))
        elif isinstance(inner, msgspec.inspect.VarTupleType):
            yield from ((f"{_LIST}{rest}", model) for rest, model in _models(inner.item_type))


def _section(model: type[msgspec.Struct], path: str, data: Any) -> Section:
    told, held = meanings(model), list(_found(data, _steps(path)))
    fields = msgspec.inspect.type_info(model).fields  # type: ignore[attr-defined]
    settings = tuple(_setting(path, field, told.get(field.encode_name, ""), held) for field in fields)
    return Section(path, purpose(model), settings)


def _setting(path: str, field: msgspec.inspect.Field, told: str, held: list[Any]) -> Setting:
    key = field.encode_name
    meaning, _, default = told.partition("Default: ")
    return Setting(
        path=f"{path}.{key}".lstrip("."),
        meaning=meaning.strip(),
        expected=expectations.phrase(field.type),
        default="" if field.required else default.rstrip(".") or _written(field),
        example=next(
            (_yaml({key: part[key]}) for part in held if isinstance(part, dict) and key in part), ""
        ),
    )


def _written(field: msgspec.inspect.Field) -> str:
    default = field.default
    if default is msgspec.NODEFAULT or default is None or default == ():
        return "none"
    if isinstance(default, msgspec.Struct):
        return "as its keys have it"
    return f"`{_yaml(list(default) if isinstance(default, tuple) else default)}`"


def _steps(path: str) -> list[str]:
    return [step for step in path.replace(_LIST, f".{_LIST}").split(".") if step]


def _found(data: Any, steps: list[str]) -> Iterator[Any]:
    """Whatever an example has at a path."""
    if not steps:
        yield data
        return
    step, rest = steps[0], steps[1:]
    if step in (_LIST, _NAMED):
        inside = data if isinstance(data, list) else data.values() if isinstance(data, dict) else ()
        for part in inside:
            yield from _found(part, rest)
    elif isinstance(data, dict) and step in data:
        yield from _found(data[step], rest)


def _yaml(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    text = text.removesuffix("...\n").strip()
    text = text[1:-1] if isinstance(value, dict) else text
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rpartition(' ')[0]} …"


def _section_text(section: Section) -> str:
    title = f"`{section.path}`" if section.path else "The document"
    return "\n\n".join([f"## {title}", _escaped(section.purpose), *map(_setting_text, section.settings)])


def _setting_text(setting: Setting) -> str:
    default = f"default: {setting.default}" if setting.default else "required"
    facts = f"Expected: {_escaped(setting.expected)}; {_escaped(default)}."
    example = f"```yaml\n{setting.example}\n```" if setting.example else ""
    lines = [f"::::{{setting}} {setting.path}", _sentence(setting.meaning), "", facts, "", example, "::::"]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Keeps what is no code from being read as Markdown."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("*", r"\*").replace("_", r"\_") for part in parts[::2]]
    return "`".join(parts)


def _sentence(text: str) -> str:
    told = _escaped(text)
    return told[:1].upper() + told[1:]
