"""Where regions stood when this host last knew, on local disk: a worker that starts while the store is away goes on there."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from reliakit.failover.recovery.state import RecoveryState
from reliakit.runtime.kept import keep, kept

__all__ = ["LastRegions"]


class LastRegions:
    """Keeps the states, whole or not at all. Nothing here raises because of the disk.

    Args:
        folder: created when it is needed, for its owner alone; None to keep nothing.
        store: the name of the store, which tells the copies of several apart.
    """

    def __init__(self, folder: Path | None, store: str) -> None:
        name = f"last-regions-{sha256(store.encode()).hexdigest()[:16]}.json"
        self._path = None if folder is None else folder / name
        self._written: object = None

    def save(self, states: Mapping[str, RecoveryState]) -> None:
        """Writes where all stand, wherever that is news; seconds that pass are none."""
        if self._path is None:
            return
        told = {name: (each.phase, each.weight, each.incident) for name, each in states.items()}
        if told == self._written:
            return
        records = {name: each.to_record() for name, each in states.items()}
        if keep(self._path, msgspec.json.encode(records)):
            self._written = told

    def load(self) -> dict[str, RecoveryState]:
        """Returns what was last seen; nothing where there is nothing, or nothing that can be read."""
        if self._path is None:
            return {}
        try:
            found = msgspec.json.decode(kept(self._path) or b"", type=dict[str, dict[str, Any]])
            return {name: RecoveryState.from_record(record) for name, record in found.items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}
