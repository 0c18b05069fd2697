"""What a worker has to tell the journal, kept until the store takes it, and never told twice."""

import secrets
from collections import deque
from typing import Any

from reliakit.runtime.journal import read_entry
from reliakit.runtime.reconciler import append
from reliakit.stores.protocol import Store

__all__ = ["Notices"]

_MOST = 100
"""While the store is away for days, the last ones are the ones worth keeping."""


class Notices:
    """A queue in front of the journal."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[dict[str, Any]] = deque(maxlen=_MOST)
        self._head: int | None = None

    def put(self, record: dict[str, Any]) -> None:
        """Has a record journalled as soon as that is possible."""
        self._waiting.append(record | {"id": secrets.token_hex(8)})

    async def post(self) -> None:
        """Journals what waits.

        Raises:
            StoreError: the store can't be used now; it may or may not have taken the record, which is looked up before
                the record is written again.
        """
        while self._waiting:
            record = self._waiting[0]
            if self._head is not None and await self._is_there(record["id"], self._head):
                pass
            else:
                last = await self._store.last()
                self._head = last.number if last else 0
                if not await append(self._store, [record]):
                    return
            self._head = None
            if self._waiting and self._waiting[0] is record:
                self._waiting.popleft()

    async def _is_there(self, identity: str, after: int) -> bool:
        while entries := await self._store.journal(after):
            if any(read_entry(entry.text).event.get("id") == identity for entry in entries):
                return True
            after = entries[-1].number
        return False
