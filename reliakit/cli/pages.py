"""The journal page by page, so that one of a million entries takes no more memory than one of a hundred."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from reliakit.runtime.journal import read_entry
from reliakit.stores.protocol import Entry, Store

__all__ = ["entries", "events", "pages"]


async def pages(store: Store) -> AsyncIterator[Sequence[Entry]]:
    """Yields consecutive entries, oldest first; raises StoreError."""
    after = 0
    while page := await store.journal(after):
        yield page
        after = page[-1].number


async def entries(store: Store) -> AsyncIterator[Entry]:
    """Yields all entries, oldest first; raises StoreError."""
    async for page in pages(store):
        for entry in page:
            yield entry


async def events(store: Store, rollout: str) -> AsyncIterator[dict[str, Any]]:
    """Yields what happened to a rollout, as records; entries that can't be read are for `--verify` to tell."""
    async for entry in entries(store):
        try:
            event = read_entry(entry.text).event
        except ValueError:
            continue
        if event.get("kind") == "event" and event.get("rollout") == rollout:
            yield event
