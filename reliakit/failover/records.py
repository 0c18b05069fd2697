"""Versions of what failover stores. A record is what JSON can hold: dicts with text keys, lists, numbers, text, None.

They are counted apart from those of rollouts, and by the same rule: a new field needs no new version, since who does
not know it leaves it alone, and who misses it takes a default.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["VERSION", "Record", "opened", "stamped"]

Record = dict[str, Any]
VERSION = 1
"""What is written, and the only version so far that can be read."""


def stamped(kind: str, **fields: Any) -> Record:
    """Returns a record."""
    return {"kind": kind, "version": VERSION, **fields}


def opened(kind: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the record for reading its fields; fields that nobody knows are left alone.

    Raises:
        ValueError: it is of another kind or version; later, when a field is read that it lacks.
    """
    if record.get("kind") != kind:
        raise ValueError(f"expected a record of {kind}, not of {record.get('kind')!r}")
    if record.get("version") != VERSION:
        raise ValueError(f"can't read version {record.get('version')!r} of {kind}: this is version {VERSION}")
    return _Fields(record)


class _Fields(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        raise ValueError(f"a record of {self['kind']} has no field {name!r}")
