"""Reads one flag of a flagd document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.definitions.flagd.advice import advice
from reliakit.definitions.flagd.logic import LogicReader
from reliakit.definitions.flagd.models import FlagdFlag
from reliakit.definitions.problems import Path, Problem, describe, suggestion

__all__ = ["FlagdReader", "metadata_problems", "unknown_keys"]

_KEYS = ("state", "variants", "defaultVariant", "targeting", "metadata")
_IGNORED = ("$schema", "$comment", "source", "selector")
"""Of flagd itself, or for people."""
_STATES = {"ENABLED": True, "DISABLED": False}


@dataclass(slots=True)
class FlagdReader:
    """Reads flags, and collects what is wrong with them, and what was probably not meant."""

    logic: LogicReader
    bucketing: int
    metadata: Mapping[str, Any]
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def flag(self, key: str, written: Any) -> FlagdFlag:
        """Returns a flag; one that has problems answers with the first of them."""
        before = len(self.problems)
        flag = self._flag(written, ("flags", key))
        found = self.problems[before:]
        return FlagdFlag(broken=found[0].message, variants={}) if found or flag is None else flag

    def _flag(self, written: Any, path: Path) -> FlagdFlag | None:
        if not isinstance(written, dict):
            self._wrong(path, f"expected a flag with state and variants, got {describe(written)}")
            return None
        self.warnings += unknown_keys(written, (*_KEYS, *_IGNORED), path)
        variants = self._variants(written.get("variants"), path)
        metadata = {**self.metadata, **self._metadata(written.get("metadata"), path)}
        flag = FlagdFlag(
            public=metadata.get("public") is True,
            enabled=self._enabled(written.get("state"), path),
            variants=variants,
            default=self._default(written.get("defaultVariant"), path),
            targeting=self._targeting(written.get("targeting"), path),
            bucketing=self.bucketing,
            metadata=metadata,
        )
        self.warnings += advice(flag, written, path)
        return flag

    def _wrong(self, path: Path, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(path, message, hint))

    def _enabled(self, state: Any, path: Path) -> bool:
        if not isinstance(state, str) or state not in _STATES:
            got = "" if state is None else f", got {describe(state)}"
            self._wrong((*path, "state"), f"expected ENABLED or DISABLED{got}", 'write "state": "ENABLED"')
            return False
        return _STATES[state]

    def _variants(self, variants: Any, path: Path) -> dict[str, Any]:
        if not isinstance(variants, dict) or not variants:
            got = "" if variants is None else f", got {describe(variants)}"
            hint = 'write "variants": {"on": true, "off": false}'
            self._wrong((*path, "variants"), f"expected a mapping of variants to their values{got}", hint)
            return {}
        return variants

    def _default(self, default: Any, path: Path) -> str | None:
        if isinstance(default, bool):
            return "true" if default else "false"
        if default is not None and not isinstance(default, str):
            message = f"expected the name of a variant, got {describe(default)}"
            self._wrong((*path, "defaultVariant"), message)
            return None
        return default or None

    def _targeting(self, targeting: Any, path: Path) -> Any:
        if not targeting:
            return None
        if not isinstance(targeting, dict):
            message = f"expected an operator such as {{if: [...]}}, got {describe(targeting)}"
            self._wrong((*path, "targeting"), message)
            return None
        before = len(self.logic.problems)
        read = self.logic.targeting(targeting, (*path, "targeting"))
        found = self.logic.problems[before:]
        # Those of evaluators have come up on the way; they are told once, by whoever reads the evaluators.
        self.problems += [problem for problem in found if problem.path[:1] == ("flags",)]
        return read

    def _metadata(self, metadata: Any, path: Path) -> dict[str, Any]:
        found = metadata_problems(metadata, (*path, "metadata"))
        self.problems += found
        return {} if found or not metadata else metadata


def metadata_problems(metadata: Any, path: Path) -> list[Problem]:
    """Returns what is wrong with metadata: names, and texts, numbers, true or false."""
    if metadata is not None and not isinstance(metadata, dict):
        return [Problem(path, f"expected a mapping of names to values, got {describe(metadata)}")]
    return [
        Problem((*path, name), f"expected text, a number, true or false, got {describe(value)}")
        for name, value in (metadata or {}).items()
        if not isinstance(value, str | int | float)
    ]


def unknown_keys(written: Mapping[str, Any], known: tuple[str, ...], path: Path) -> list[Problem]:
    """Returns a warning for each key that means nothing: flagd ignores those, and so do we, but not in silence."""
    return [
        Problem((*path, key), "this key means nothing here", suggestion(key, known), severity="warning")
        for key in written
        if key not in known
    ]
