"""The journal: what happened, chained by hashes, so that an edit or a gap shows.

An entry is JSON of one line: its number, the hash of the one before, the event, and its own hash over the three.
Hashes are SHA-256 over the text up to the own hash, so that whoever reads a journal needs nothing of ours to check it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reliakit.rollouts.records import Record, oldest, written
from reliakit.stores.protocol import Entry

__all__ = ["Broken", "Chained", "chained", "read_entry", "verify"]

_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Chained:
    """An entry that was read."""

    number: int
    previous: str
    event: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a journal is not what was written."""

    number: int
    why: str


def chained(last: Entry | None, events: Iterable[Record], format: int = 0) -> list[str]:
    """Returns the texts of entries that follow `last`, for those who read records up to version `format`; 0 where
    nobody knows who they are."""
    number, previous = (last.number, read_entry(last.text).hash) if last else (0, _FIRST)
    texts = []
    for event in events:
        number += 1
        text, previous = _entry(number, previous, written(event, format or oldest()))
        texts.append(text)
    return texts


def _entry(number: int, previous: str, event: dict[str, Any]) -> tuple[str, str]:
    body = _body(number, previous, event)
    own = _digest(body)
    return f'{body},"hash":"{own}"}}', own


def _body(number: int, previous: str, event: dict[str, Any]) -> str:
    written = {"number": number, "previous": previous, "event": event}
    return msgspec.json.encode(written).decode()[:-1]


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def read_entry(text: str) -> Chained:
    """Reads an entry; raises ValueError where it is none."""
    try:
        return msgspec.json.decode(text, type=Chained)
    except msgspec.DecodeError as wrong:
        raise ValueError(f"not an entry of a journal: {wrong}") from wrong


def verify(entries: Sequence[Entry]) -> Iterator[Broken]:
    """Yields what is wrong with consecutive entries. The first may follow others that were pruned."""
    before: Chained | None = None
    for entry in entries:
        try:
            found = read_entry(entry.text)
        except ValueError as wrong:
            yield Broken(entry.number, str(wrong))
            continue
        yield from _checked(entry, found, before)
        before = found


def _checked(entry: Entry, found: Chained, before: Chained | None) -> Iterator[Broken]:
    if found.number != entry.number:
        yield Broken(entry.number, f"it says that it is number {found.number}")
    if _digest(entry.text[: -len(f',"hash":"{found.hash}"}}')]) != found.hash:
        yield Broken(entry.number, "its text is not what was hashed")
    if before is not None and entry.number != before.number + 1:
        yield Broken(entry.number, f"{before.number + 1} is missing before it")
    elif before is not None and found.previous != before.hash:
        yield Broken(entry.number, "it does not follow the one before it")
    elif before is None and entry.number == 1 and found.previous != _FIRST:
        yield Broken(entry.number, "the first entry follows something")
