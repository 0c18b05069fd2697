"""Versions of stored states. A record is what JSON can hold: dicts with text keys, lists, numbers, text, None."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "CHANGES",
    "READS",
    "VERSION",
    "Change",
    "Record",
    "agreed",
    "newest",
    "oldest",
    "opened",
    "stamped",
    "written",
]

Record = dict[str, Any]
VERSION = 1
"""What is written, where all live workers can read it.

A new field needs no new version: who does not know it leaves it alone, and who misses it takes a default. Where a
field changes its meaning, one release of reliakit reads both versions and still writes the old one, and the next
writes the new one. So whatever two neighbouring releases write, both can read, also when the later is taken back.
Where somebody skips a release, the new one is written once no worker lives any more that can't read it.
"""
READS = frozenset({VERSION})
"""What can be read. The code knows the newest of them: others become it when they are read, and again what they were
when they are written."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a version has changed in a kind of record.

    Attributes:
        raised: makes a record of this version from one of the version before.
        lowered: the way back. Nothing may get lost by it that a default can't stand for.
    """

    raised: Callable[[Record], Record]
    lowered: Callable[[Record], Record]


CHANGES: Mapping[tuple[str, int], Change] = {}
"""(kind, version) -> its change; a version has changed nothing in the kinds that are left out."""


def newest() -> int:
    """Returns the newest version that can be read."""
    return max(READS)


def oldest() -> int:
    """Returns the oldest version that can be read: what is written by those who don't know who lives."""
    return min(READS)


def agreed(readable: Iterable[int]) -> int:
    """Returns the version to write, from the newest that each live worker can read."""
    return max(oldest(), min((VERSION, *readable)))


def stamped(kind: str, **fields: Any) -> Record:
    """Returns a record of the version that the code knows."""
    return {"kind": kind, "version": newest(), **fields}


def written(record: Record, version: int) -> Record:
    """Returns a record, and those within it, as those read them who know no later version."""
    lowered: Record = record if version >= newest() else _lowered(record, version)
    return lowered


def _lowered(value: Any, version: int) -> Any:
    if isinstance(value, list | tuple):
        return [_lowered(each, version) for each in value]
    if not isinstance(value, dict):
        return value
    fields = {name: _lowered(each, version) for name, each in value.items()}
    if isinstance(fields.get("kind"), str) and isinstance(fields.get("version"), int):
        for step in range(fields["version"], version, -1):
            change = CHANGES.get((fields["kind"], step))
            fields = {**(change.lowered(fields) if change else fields), "version": step - 1}
    return fields


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
    fields = _Fields(record)
    for step in range(fields["version"] + 1, newest() + 1):
        if change := CHANGES.get((kind, step)):
            fields = _Fields(change.raised(fields))
    return fields


class _Fields(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        raise ValueError(f"a record of {self['kind']} has no field {name!r}")
