"""Definitions for a test, without a file."""

from typing import Any, Self

__all__ = ["Definitions", "definitions"]


class Definitions(dict[str, Any]):
    """A document of definitions that grows: what `Reliakit` takes as its source. Every method returns it."""

    def flag(self, key: str, value: Any = True, /, **section: Any) -> Self:
        """Adds a flag.

        Args:
            key: any text, also such as is no name in Python.
            value: True or False for a flag that is on or off, or else what everybody gets.
            section: what the flag says in a file, in place of a value: `percentage=10`.
        """
        return self._add("flags", key, section or _section(value))

    def segment(self, name: str, condition: Any, /) -> Self:
        """Adds a condition under a name."""
        return self._add("segments", name, condition)

    def rollout(self, name: str, /, **section: Any) -> Self:
        """Adds a rollout; without `slots` it has `stable` and `canary`, for functions, and begins with `stable`."""
        return self._add(
            "rollouts", name, {"slots": {"stable": {}, "canary": {}}, "initial": "stable"} | section
        )

    def upstream(self, name: str, upstream: Any = "in_process", /) -> Self:
        """Adds an upstream, by default another application in this process."""
        return self._add("upstreams", name, upstream)

    def route(self, **section: Any) -> Self:
        """Adds a route after those that are there."""
        self.setdefault("routes", []).append(section)
        return self

    def _add(self, part: str, name: str, section: Any) -> Self:
        self.setdefault(part, {})[name] = section
        return self


def definitions(**flags: Any) -> Definitions:
    """Returns definitions with these flags: `Reliakit(definitions(new_checkout=True, banner="#f60"))`.

    Args:
        flags: as `Definitions.flag` has them: flag key -> True or False, or else what everybody gets.
    """
    document = Definitions(format=1)
    for key, value in flags.items():
        document.flag(key, value)
    return document


def _section(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"enabled": value}
    return {"variants": {"given": value}}
