"""From rows to one document, and from a line of it back to the row that it comes from."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reliakit import Content

__all__ = ["Composed", "Place", "Row", "composed"]

_INDENT = "    "
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""Where YAML sees the end of a line. All of them, or what follows one would stand at the margin, as a key of the whole
document."""


@dataclass(frozen=True, slots=True)
class Row:
    """One flag or segment as somebody has written it.

    Attributes:
        section: `flags` or `segments`.
        key: its name there.
        definition: YAML or JSON, as it would stand below the key.
        killed: whether it is off for everybody, whatever else is written.
        percentage: wins over the one of the definition; None for none.
    """

    section: str
    key: str
    definition: str
    killed: bool = False
    percentage: float | None = None

    @property
    def switches(self) -> Mapping[str, Any]:
        """What is laid over the definition."""
        said = {"enabled": False if self.killed else None, "percentage": self.percentage}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Place:
    """Which lines of the document a row has written, from the first of its own; lines count from 1."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Composed:
    """A document, and where in it the rows are, by section and key."""

    content: Content
    places: Mapping[tuple[str, str], Place]


def composed(rows: Iterable[Row], name: str, revision: int) -> Composed:
    """Writes a document of what rows say.

    What is switched is a layer of its own, as in an `Overlay`: it wins over the definition field by field, and
    problems tell which of the two they are about.

    Args:
        rows: in any order.
        name: what problems call the document.
        revision: the number of the last edit.
    """
    given = sorted(rows, key=lambda row: (row.section, row.key))
    lines = ["format: 1", f"revision: edit-{revision}"]
    places: dict[tuple[str, str], Place] = {}
    for section in ("segments", "flags"):
        held = [row for row in given if row.section == section]
        lines += [f"{section}:"] if held else []
        for row in held:
            written = _BREAK.split(row.definition.rstrip())
            places[section, row.key] = Place(len(lines) + 2, len(written))
            lines += [f"  {json.dumps(row.key)}:", *(_INDENT + line for line in written)]
    base = Content(name, "\n".join([*lines, ""]).encode("utf-8", "surrogatepass"), "yaml")
    return Composed(_switched(given, base), places)


def _switched(rows: Iterable[Row], base: Content) -> Content:
    switches = {row.key: row.switches for row in rows if row.section == "flags" and row.switches}
    if not switches:
        return base
    text = json.dumps({"format": 1, "flags": switches}).encode()
    return Content(f"{base.name}, switches", text, "json", (base,))
