"""Versions of stored states. A record is what JSON can hold: dicts with text keys, lists, numbers, text, None."""

from collections.abc import Mapping
from typing import Any

__all__ = ["READS", "VERSION", "Record", "opened", "stamped"]

Record = dict[str, Any]
VERSION = 1
"""What is written.

A new field needs no new version: who does not know it leaves it alone, and who misses it takes a default. Where a
field changes its meaning, one release of reliakit reads both versions and still writes the old one, and the next
writes the new one. So whatever two neighbouring releases write, both can read, also when the later is taken back.
"""
READS = frozenset({VERSION})
"""What can be read."""


def stamped(kind: str, **fields: Any) -> Record:
    """Returns a record of the present version."""
    return {"kind": kind, "version": VERSION, **fields}


def opened(kind: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the record for reading its fields; fields that nobody knows are left alone.

    Raises:
        ValueError: it is of another kind, or of a version that this code can't read; later, when a field is read
            that it lacks.
    """
    if record.get("kind") != kind:
        raise ValueError(f"expected a record of {kind}, not of {record.get('kind')!r}")
    if record.get("version") not in READS:
        raise ValueError(f"can't read version {record.get('version')!r} of {kind}: this is version {VERSION}")
    return _Fields(record)


class _Fields(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        raise ValueError(f"a record of {self['kind']} has no field {name!r}")
