"""How far each receiver has been told of the journal: documents beside it, moved by whoever tells."""

from dataclasses import dataclass

import msgspec

from reliakit.rollouts.records import opened, stamped
from reliakit.runtime.documents import text_of
from reliakit.stores.protocol import Document, Store, Write

__all__ = ["CURSOR", "Cursors", "Position"]

CURSOR = "notify/cursor/"
_BEHIND = 1_000
"""Entries of no interest after which a document is moved all the same: whoever comes next reads them again."""


@dataclass(slots=True)
class Position:
    """Up to which entry a receiver has been told.

    Attributes:
        after: as this process knows.
        kept: as the document says.
        version: of the document.
    """

    after: int
    kept: int
    version: int


class Cursors:
    """The positions that this process has in hand. All methods raise StoreError where the store can't be used now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._positions: dict[str, Position] = {}

    def forget(self) -> None:
        """Lets go of all: from now on others may move them."""
        self._positions.clear()

    def behind(self, key: str, head: int) -> bool:
        """Whether a receiver may have something to be told, where the journal ends at `head`."""
        position = self._positions.get(key)
        if position is not None and position.after > head:
            del self._positions[key]  # the journal was put back from a copy, or begun anew
            return True
        return position is None or position.after < head

    async def of(self, key: str) -> Position | None:
        """Returns where a receiver stands; None where others were faster to say so.

        A new one begins at the end: what was before it did not ask to be told.
        """
        if key not in self._positions:
            found = await self._found(key)
            if found is None:
                return None
            self._positions[key] = found
        return self._positions[key]

    async def moved(self, key: str, after: int, *, told: bool) -> bool:
        """Moves a receiver past an entry; tells whether nobody else has.

        Args:
            key: the receiver.
            after: the entry's number.
            told: whether it was told of this one, so that nobody shall tell it again.
        """
        position = self._positions.get(key)
        if position is None:
            return False
        position.after = after
        if not told and after - position.kept < _BEHIND:
            return True
        if await self._store.commit([_write(key, after, position.version)], announce=False):
            document = await self._document(key)
            if document is not None:
                position.kept, position.version = after, document.version
                return True
        self._positions.pop(key, None)  # somebody else has moved it: what it says is read again
        return False

    async def _found(self, key: str) -> Position | None:
        last = await self._store.last()
        head = last.number if last else 0
        document = await self._document(key)
        if document is None:
            if not await self._store.commit([_write(key, head, 0)], announce=False):
                return None
            document = await self._document(key)
        if document is None:
            return None
        kept = int(opened("notify_cursor", msgspec.json.decode(document.text))["after"])
        return Position(min(head, kept), kept, document.version)

    async def _document(self, key: str) -> Document | None:
        return (await self._store.read((CURSOR + key,))).found.get(CURSOR + key)


def _write(key: str, after: int, version: int) -> Write:
    return Write(CURSOR + key, text_of(stamped("notify_cursor", after=after)), version)
