"""Versions of stored states. A record is what JSON can hold: dicts with text keys, lists, numbers, text, None."""

from collections.abc import Mapping
from typing import Any

__all__ = ["VERSION", "Record", "opened", "stamped"]

Record = dict[str, Any]
VERSION = 1
"""Raised only with a reader for the version before: old and new workers share a store while a deploy runs."""


def stamped(kind: str, **fields: Any) -> Record:
    """Returns a record of the present version."""
    return {"kind": kind, "version": VERSION, **fields}


def opened(kind: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the record for reading its fields; fields that nobody knows are left alone.

    Raises:
        ValueError: it is of another kind, or of a version that this code can't read.
    """
    if record.get("kind") != kind:
        raise ValueError(f"expected a record of {kind}, not of {record.get('kind')!r}")
    if record.get("version") != VERSION:
        raise ValueError(f"can't read version {record.get('version')!r} of {kind}: this is version {VERSION}")
    return record
