"""The dry evaluation of a user: what a flag answers as it is saved, and as it stands in a form."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reliakit import ConfigurationError
from reliakit_django.stored.checking import drafted
from reliakit_django.stored.composing import Row

__all__ = ["Trial", "read_context", "tried"]


@dataclass(frozen=True, slots=True)
class Trial:
    """Whom a flag is tried for.

    Attributes:
        key: the flag.
        user: the targeting key; None for nobody in particular.
        context: attributes.
    """

    key: str
    user: str | None
    context: Mapping[str, Any]


def read_context(text: str) -> Mapping[str, Any]:
    """Returns attributes that somebody has written as JSON; none for an empty text.

    Raises:
        ValueError: it is no JSON object; the message says where.
    """
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError as wrong:
        raise ValueError(
            f'The context is no JSON: {wrong}. Write something like {{"plan": "pro"}}.'
        ) from None
    if not isinstance(found, dict):
        raise ValueError('The context is no JSON object. Write something like {"plan": "pro"}.')
    return found


def tried(rows: Iterable[Row], trial: Trial) -> str:
    """Tells step by step what a flag answers by what rows say, or what is wrong with them. Nothing is counted."""
    try:
        with drafted(rows) as kit:
            return str(kit.explain(trial.key, trial.user, context=trial.context))
    except ConfigurationError as refused:
        return str(refused)
