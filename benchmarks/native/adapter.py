"""The native floor as a subject."""

from collections.abc import Sequence
from typing import Any

from benchmarks.native import native_flags
from benchmarks.workload import Person

__all__ = ["answers", "crowd", "load"]


def load(kinds: dict[str, str]) -> Any:
    native_flags().load(kinds)
    return native_flags().enabled


def crowd(people: Sequence[Person]) -> Sequence[Person]:
    return people


def answers(enabled: Any, flag: str, people: Sequence[Person]) -> list[bool]:
    return [enabled(flag, user, context) for user, context in people]
