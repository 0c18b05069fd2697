"""What flagd's own evaluator answers, and what ours does, side by side."""

import json
import logging
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

from reliakit.clock import SYSTEM
from reliakit.core.counters import Counters
from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_snapshot
from reliakit.definitions.models import Definitions
from reliakit.runtime.flag_calls import FlagCalls
from reliakit.runtime.remotes.table import Remotes
from reliakit.runtime.runtime import Runtime
from tests.definitions.loaded import loaded

__all__ = ["GENERATION", "NOW", "Found", "Ours", "Theirs"]

GENERATION = int(version("openfeature-flagd-core").partition(".")[0])
"""Of the bucketing, which the evaluator that is installed has: its version 1 the first, 2 the second."""
NOW = 1_700_000_000.5
_MODULE = "openfeature.contrib.tools.flagd.core.targeting.targeting"


@dataclass(frozen=True)
class Found:
    """An evaluation in the words of OpenFeature; `metadata` of answers without an error."""

    value: Any
    variant: str | None
    reason: str
    error: str | None = None
    metadata: Any = None


class Theirs:
    """flagd's evaluator over one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        logging.getLogger(
            "openfeature.contrib"
        ).disabled = True  # it logs whatever is odd, which is most of it
        self._core = FlagdCore()
        self._core.set_flags(json.dumps(document))

    def ask(
        self, key: str, kind: str, default: Any, user: str | None, attributes: Mapping[str, Any]
    ) -> Found:
        """Asks as an OpenFeature client does, which takes any exception for GENERAL."""
        resolve = getattr(self._core, f"resolve_{kind}_value")
        stopped = SimpleNamespace(time=lambda: NOW)
        with patch.object(sys.modules[_MODULE], "time", stopped), redirect_stdout(StringIO()):
            try:
                found = resolve(key, default, EvaluationContext(user, dict(attributes)))
            except OpenFeatureError as failed:
                return Found(default, None, "ERROR", failed.error_code.value)
            except Exception:
                return Found(default, None, "ERROR", "GENERAL")
        return Found(found.value, found.variant, found.reason.value, None, dict(found.flag_metadata))


class Ours:
    """A kit's flag calls over one document, read from its text."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        result = loaded(json.dumps(document), "x.flagd.json")
        assert not result.problems, [str(problem) for problem in result.problems]
        assert result.definitions is not None
        self.definitions: Definitions = result.definitions
        self.snapshot = compile_snapshot(self.definitions, Tallies(), now=lambda: NOW)
        self._calls = FlagCalls(
            Runtime(self.snapshot, Tallies(), SYSTEM, [], Remotes(Path(), SYSTEM, Counters()))
        )

    def ask(self, key: str, default: Any, user: str | None, attributes: Mapping[str, Any]) -> Found:
        """Asks as an application does. Without a user it needs a scope where nobody is known."""
        found = self._calls.evaluate(key, default, user=user, context=attributes)
        error = found.error_code and found.error_code.value
        metadata = None if error else dict(self.snapshot.flags.metadata(key))
        return Found(found.value, found.variant, found.reason.value, error, metadata)
