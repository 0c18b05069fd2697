"""What is allowed in a flagd flag, and was probably not meant: warnings."""

from collections.abc import Iterator
from typing import Any

from reliakit.core.jsonlogic.texts import VERSION_OPERATORS
from reliakit.definitions.flagd.logic import operator_of
from reliakit.definitions.flagd.models import FlagdFlag
from reliakit.definitions.problems import Path, Problem, describe, suggestion

__all__ = ["advice"]

_ARGUMENTS = {"sem_ver": 3, "starts_with": 2, "ends_with": 2, "in": 2, "==": 2, "===": 2, "!=": 2, "!==": 2}


def advice(flag: FlagdFlag, written: dict[str, Any], path: Path) -> Iterator[Problem]:
    """Yields what is probably not meant in a flag.

    Args:
        flag: as it was read.
        written: the same, as written.
        path: where it stands.
    """
    variants = flag.variants or {}
    if isinstance(flag.default, str) and flag.default not in variants:
        yield _no_variant((*path, "defaultVariant"), flag.default, variants)
    targeting = written.get("targeting")
    if isinstance(targeting, dict):
        start = (*path, "targeting")
        if len(targeting) > 1:
            yield _warning(start, "a mapping of several keys is a value, and no variant is named so")
        for place, name in _served(targeting, start):
            if name not in variants:
                yield _no_variant(place, name, variants)
        yield from _misused(targeting, start)


def _warning(path: Path, message: str, hint: str | None = None) -> Problem:
    return Problem(path, message, hint, severity="warning")


def _no_variant(path: Path, name: str, variants: dict[str, Any]) -> Problem:
    hint = suggestion(name, variants) or f"the variants are {', '.join(variants)}"
    return _warning(path, f"the flag has no variant {describe(name)}: who gets here is served an error", hint)


def _served(written: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yields the variants that are written out where the targeting ends."""
    operator = operator_of(written)
    given = written[operator] if operator else None
    if isinstance(written, bool):
        yield path, "true" if written else "false"
    elif isinstance(written, str):
        yield path, written
    elif operator in ("if", "?:") and isinstance(given, list):
        for index, part in enumerate(given):
            if index % 2 or (index == len(given) - 1):
                yield from _served(part, (*path, operator, index))
    elif operator == "fractional" and isinstance(given, list):
        for index, part in enumerate(given):
            if isinstance(part, list) and part:
                yield from _served(part[0], (*path, operator, index, 0))


def _misused(written: dict[str, Any] | list[Any], path: Path) -> Iterator[Problem]:
    """Yields operators whose answer can only ever be null, or that ignore what they are given."""
    operator = operator_of(written)
    if operator is not None and isinstance(written, dict):
        given = written[operator]
        yield from _call(operator, given if isinstance(given, list) else [given], (*path, operator))
    inside = enumerate(written) if isinstance(written, list) else written.items()
    for step, part in inside:
        if isinstance(part, dict | list):
            yield from _misused(part, (*path, step))


def _call(operator: str, given: list[Any], path: Path) -> Iterator[Problem]:
    wanted = _ARGUMENTS.get(operator)
    if wanted is not None and len(given) != wanted:
        yield _warning(path, f"{operator} takes {wanted} arguments, got {len(given)}")
    elif operator == "sem_ver" and isinstance(given[1], str) and given[1] not in VERSION_OPERATORS:
        hint = f"write one of {' '.join(VERSION_OPERATORS)}"
        yield _warning((*path, 1), f"sem_ver has no operator {describe(given[1])}, so it is never true", hint)
    if operator == "fractional":
        yield from _weights(given, path)


def _weights(given: list[Any], path: Path) -> Iterator[Problem]:
    for index, part in enumerate(given):
        weight = part[1] if isinstance(part, list) and len(part) == 2 else 0
        if not isinstance(weight, int | dict) or isinstance(weight, bool):
            message = f"a weight is a whole number, got {describe(weight)}: nobody gets any of these variants"
            yield _warning((*path, index, 1), message)
