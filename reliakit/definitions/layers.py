"""Documents that lie over each other, read as one.

- Sections are put together key by key: the upper document adds flags, segments, upstreams, and replaces those that
  have the same name.
- Flags and rollouts are put together field by field: an environment can say `flags: {new_checkout: {percentage: 100}}`
  and keep the description, the owner and the rules of the base.
- Anything else is replaced whole: a field, however deep it is, and every list. Half of a split, or of a list of
  rules, would mean what nobody wrote.
- Nothing can be taken away. A key with nothing after it is a mistake here as everywhere, since `percentage:` alone
  would otherwise mean everybody; `enabled: false` says what is meant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from reliakit.definitions.documents import Document
from reliakit.definitions.problems import Path

__all__ = ["Layered", "layered"]

_BY_FIELD = ("flags", "rollouts")


@dataclass(frozen=True, slots=True)
class Layered(Document):
    """What several documents hold together.

    Args:
        layers: the documents, the uppermost first.
    """

    layers: tuple[Document, ...] = ()

    def line(self, path: Path) -> int | None:
        return _owner(self.layers, path).line(path)

    def origin(self, path: Path) -> str:
        return _owner(self.layers, path).name


def layered(documents: Sequence[Document]) -> Document:
    """Lays documents over each other.

    Args:
        documents: the uppermost first; at least one.
    """
    data: dict[str, Any] = {}
    for document in reversed(documents):
        data = _merged(data, document.data, ())
    return Layered(" over ".join(document.name for document in documents), data, layers=tuple(documents))


def _merges(path: Path) -> bool:
    """Whether a mapping at a path is put together, and not replaced."""
    return len(path) < 2 or (len(path) == 2 and path[0] in _BY_FIELD)


def _merged(lower: Mapping[str, Any], upper: Mapping[str, Any], path: Path) -> dict[str, Any]:
    merged = dict(lower)
    for key, value in upper.items():
        here, below = (*path, key), merged.get(key)
        if _merges(here) and isinstance(value, dict) and isinstance(below, dict):
            merged[key] = _merged(below, value, here)
        else:
            merged[key] = value
    return merged


def _owner(layers: Sequence[Document], path: Path) -> Document:
    """Returns the document that what stands at a path, or the nearest value around it, comes from."""
    holders: list[tuple[Document, Any]] = [(document, document.data) for document in layers]
    for depth, step in enumerate(path, 1):
        inside = [(each, held[step]) for each, held in holders if isinstance(held, dict) and step in held]
        if not inside:
            break
        # What lies below something that is replaced whole is not seen.
        merged = list(takewhile(lambda holder: isinstance(holder[1], dict), inside))
        holders = (merged if _merges(path[:depth]) else []) or inside[:1]
    return holders[0][0]
