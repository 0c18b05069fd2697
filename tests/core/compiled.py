"""Flags as a process has them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from reliakit.core.flags import Evaluator
from reliakit.core.snapshot import Flags, Snapshot
from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_snapshot
from reliakit.definitions.models import Definitions
from tests.reference import KEYLESS, Answer

__all__ = ["ask", "evaluator", "snapshot"]


def snapshot(sections: Mapping[str, Any], tallies: Tallies | None = None) -> Snapshot:
    """Compiles a document, given without its format."""
    definitions = msgspec.convert({"format": 1, **sections}, Definitions)
    return compile_snapshot(definitions, Tallies() if tallies is None else tallies)


def evaluator(flags: Flags, key: str) -> Evaluator:
    """Returns the evaluator of a flag that must be there."""
    found = flags.find(key)
    assert found is not None
    return found


def ask(flags: Flags, key: str, user: str | None, attributes: Mapping[str, Any]) -> Answer:
    """Evaluates a flag and says what came out as the reference does."""
    found = evaluator(flags, key)(user, attributes)
    return KEYLESS if found is None else Answer(found.value, found.variant, found.reason.value)
