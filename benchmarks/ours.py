"""reliakit as a subject, by its public interface, from a YAML file as people write it."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.workload import Person

__all__ = ["answers", "crowd", "document", "load"]

_FOLDER = TemporaryDirectory(prefix="reliakit-bench-")
"""As long as the process, since the file stays watched."""


def load(kinds: dict[str, str]) -> Any:
    from reliakit import Reliakit

    path = Path(_FOLDER.name, "reliakit.yaml")
    path.write_text(document(kinds))
    return Reliakit(path, environ={"RELIAKIT_STATE_DIR": _FOLDER.name})


def crowd(people: Sequence[Person]) -> Sequence[Person]:
    return people


def answers(kit: Any, flag: str, people: Sequence[Person]) -> list[bool]:
    enabled = kit.enabled
    if any(context for _, context in people):
        return [enabled(flag, user, context=context) for user, context in people]
    return [enabled(flag, user) for user, _ in people]


def document(kinds: dict[str, str]) -> str:
    """Returns the flags as a definitions file."""
    return "\n".join(
        ["format: 1", "flags:", *(f"  {key}: {_FLAGS[kind]}" for key, kind in kinds.items()), ""]
    )


_TARGETED = "{plan: [pro, team], country: {not_in: [US]}, app_version: {semver: '>=2.3.0'}}"
_FLAGS = {
    "static": "{enabled: true}",
    "ten_percent": "{percentage: 10}",
    "rule": f"{{rules: [{{if: {_TARGETED}, percentage: 25}}], percentage: 10}}",
}
