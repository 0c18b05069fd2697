"""From waffle's tables to definitions that answer as waffle does."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reliakit_django.waffle.naming import COIN, MARK, NAME, ROLLOUT, SAMPLE, TEST, Kind, key_of

__all__ = ["Imported", "document", "imported", "written"]

_KNOWN = {
    "id", "name", "everyone", "percent", "testing", "superusers", "staff", "authenticated", "languages", "rollout",
    "note", "created", "modified", "groups", "users", "active",
}  # fmt: skip
_DECIDING = (
    "get", "is_active", "is_active_for_user", "_is_active_for_user", "_is_active_for_language", "_is_active_for_percent",
    "_get_user_ids", "_get_group_ids",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imported:
    """What was found.

    Attributes:
        definitions: key -> definition.
        lost: what a project's own models have that was not understood, in words.
    """

    definitions: Mapping[str, Mapping[str, Any]]
    lost: tuple[str, ...]


def imported() -> Imported:
    """Reads flags, switches and samples, of the models that the settings name."""
    from waffle import get_waffle_flag_model, get_waffle_sample_model, get_waffle_switch_model

    readers: tuple[tuple[Kind, Any, Any], ...] = (
        ("flag", get_waffle_flag_model(), _flag),
        ("switch", get_waffle_switch_model(), _switch),
        ("sample", get_waffle_sample_model(), _sample),
    )
    found: dict[str, Mapping[str, Any]] = {}
    for kind, model, reader in readers:
        for each in model.objects.order_by("name"):
            key = key_of(kind, each.name)
            found[key] = {**_about(kind, key, each), **reader(each)}
    return Imported(found, tuple(why for _, model, _ in readers for why in _lost(model)))


def _about(kind: Kind, key: str, each: Any) -> dict[str, Any]:
    """What a definition says beside: for people, and by which rules it answers."""
    metadata: dict[str, Any] = {MARK: kind}
    if key not in (each.name, f"{kind}:{each.name}"):
        metadata[NAME] = each.name
    if getattr(each, "rollout", False):
        metadata[ROLLOUT] = True
    note = {"description": each.note} if each.note else {}
    return {**note, "created": each.created.date().isoformat(), "metadata": metadata}


def _flag(flag: Any) -> dict[str, Any]:
    stopped = {"enabled": False} if flag.everyone is False else {}
    percentage = float(flag.percent or 0)
    rest = {"percentage": percentage} if percentage > 0 else {"otherwise": "off"}
    return (
        {**stopped, "rules": list(_rules(flag, percentage > 0)), **rest}
        if _decides(flag)
        else {**stopped, **rest}
    )


def _decides(flag: Any) -> bool:
    return next(_rules(flag, float(flag.percent or 0) > 0), None) is not None


def _rules(flag: Any, has_coin: bool) -> Iterator[dict[str, Any]]:
    """Yields the rules in the order in which waffle asks."""
    if flag.everyone:
        yield {"if": {}, "description": "everyone; without this rule, those below decide"}
    if flag.testing:
        yield from _said(f"{TEST}{flag.name}")
    if flag.languages:
        yield {"if": {"language": [each.strip() for each in flag.languages.split(",")]}}
    for column in ("authenticated", "staff", "superusers"):
        if getattr(flag, column):
            yield {"if": {f"is_{column.removesuffix('s')}": True}}
    yield from _members(flag)
    if has_coin:
        yield from _said(f"{COIN}{flag.name}")


def _members(flag: Any) -> Iterator[dict[str, Any]]:
    users = (
        sorted(str(pk) for pk in flag.users.values_list("pk", flat=True)) if hasattr(flag, "users") else []
    )
    if users:
        yield {"if": {"targeting_key": users}}
    groups = sorted(flag.groups.values_list("name", flat=True)) if hasattr(flag, "groups") else []
    if groups:
        yield {"if": {"groups": {"contains": groups}}}


def _said(attribute: str) -> Iterator[dict[str, Any]]:
    yield {"if": {attribute: True}}
    yield {"if": {attribute: False}, "value": "off"}


def _switch(switch: Any) -> dict[str, Any]:
    return {} if switch.active else {"enabled": False}


def _sample(sample: Any) -> dict[str, Any]:
    return {"rules": list(_said(SAMPLE)), "percentage": float(sample.percent)}


def _lost(model: Any) -> Iterator[str]:
    """Yields what a model of a project adds to those of waffle."""
    label = model._meta.label
    for field in model._meta.get_fields():
        if field.name not in _KNOWN and not field.auto_created:
            yield f"{label}.{field.name} is not waffle's own: if it decides, write a rule for it"
    for name in _DECIDING:
        where = next((each.__module__ for each in model.__mro__ if name in vars(each)), "waffle")
        if where.partition(".")[0] not in ("waffle", "django"):
            yield f"{label}.{name} is not waffle's own: write what it decides as rules"


def written(definition: Mapping[str, Any]) -> str:
    """Returns a definition as YAML, one line for each of its keys and rules."""
    lines = []
    for name, value in definition.items():
        if name == "rules":
            lines += ["rules:", *(f"  - {_flow(rule)}" for rule in value)]
        else:
            lines.append(f"{name}: {_flow(value)}")
    return "\n".join(lines)


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def document(definitions: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns a document of definitions."""
    lines = ["format: 1", "flags:" if definitions else "flags: {}"]
    for key, definition in definitions.items():
        lines += [f"  {_flow(key)}:", *(f"    {line}" for line in written(definition).split("\n"))]
    return "\n".join([*lines, ""])
