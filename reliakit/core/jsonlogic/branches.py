"""Operators that decide which of their arguments are evaluated at all: `if`, `and`, `or`."""

from collections.abc import Sequence
from typing import Any

from reliakit.core.jsonlogic.values import truthy
from reliakit.core.jsonlogic.work import Logic, Work

__all__ = ["all_of", "any_of", "branch"]


def nothing(data: Any, work: Work) -> None:
    """Is null."""


def branch(parts: Sequence[Logic]) -> Logic:
    """`[condition, value, condition, value, ..., otherwise]`: the first value whose condition holds."""
    pairs = tuple(zip(parts[:-1:2], parts[1::2], strict=True)) if len(parts) > 1 else ()
    otherwise = parts[-1] if len(parts) % 2 else nothing

    def choose(data: Any, work: Work) -> Any:
        for condition, value in pairs:
            held = condition(data, work)
            if held is True or (held is not False and truthy(held)):
                return value(data, work)
        return otherwise(data, work)

    return choose


def all_of(parts: Sequence[Logic]) -> Logic:
    """The first part that is not true, or else the last; null where there is none."""

    def choose(data: Any, work: Work) -> Any:
        found = None
        for part in parts:
            found = part(data, work)
            if found is False or (found is not True and not truthy(found)):
                break
        return found

    return choose


def any_of(parts: Sequence[Logic]) -> Logic:
    """The first part that is true, or else the last; null where there is none."""

    def choose(data: Any, work: Work) -> Any:
        found = None
        for part in parts:
            found = part(data, work)
            if found is True or (found is not False and truthy(found)):
                break
        return found

    return choose
