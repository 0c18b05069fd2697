"""Overrides from the environment: the escape hatch that wins over every source."""

import json
import re
from collections.abc import Mapping
from typing import Any

from reliakit.core.pins import ON_OFF, pin
from reliakit.definitions.flags import variants_of
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Problem, describe

__all__ = ["from_environment", "variable_of"]

_PREFIX = "RELIAKIT_FLAG_"


def variable_of(key: str) -> str:
    """Returns the variable that overrides a flag: `new-checkout` is RELIAKIT_FLAG_NEW_CHECKOUT."""
    return _PREFIX + re.sub(r"[^A-Za-z0-9]", "_", key).upper()


def from_environment(
    environ: Mapping[str, str], definitions: Definitions
) -> tuple[dict[str, tuple[str | None, Any]], list[Problem]]:
    """Reads the overrides of the flags that are defined, and makes flags of the others.

    Returns:
        Flag key -> (variant, value), and what could not be read.
    """
    texts = {name: text for name, text in environ.items() if name.startswith(_PREFIX)}
    answers: dict[str, tuple[str | None, Any]] = {}
    problems: list[Problem] = []
    known = {variable_of(key): key for key in definitions.flags} if texts else {}
    for name, text in sorted(texts.items()):
        key = known.get(name)
        answer = pin(variants_of(definitions.flags[key]), text) if key else _alone(text)
        if answer is None:
            expected = ", ".join(variants_of(definitions.flags[key])) if key else ""
            problems.append(Problem((), f"{name}: expected one of {expected}, got {describe(text)}"))
        else:
            answers[key or name.removeprefix(_PREFIX).lower()] = answer
    return answers, problems


def _alone(text: str) -> tuple[str | None, Any]:
    if (answer := pin(ON_OFF, text)) is not None:
        return answer
    try:
        return None, json.loads(text)
    except ValueError:
        return None, text
