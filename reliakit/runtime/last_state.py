"""The last seen shared state on local disk: a worker that starts while the store is away goes on with it."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from reliakit.rollouts.records import oldest, written
from reliakit.rollouts.state import RolloutState
from reliakit.runtime.documents import Pin, Versioned
from reliakit.runtime.kept import keep, kept

__all__ = ["LastState"]

Seen = tuple[dict[str, Versioned], dict[str, Pin]]
"""States by rollout and pins by flag."""


class LastState:
    """Keeps one state, whole or not at all. Nothing here raises because of the disk.

    Args:
        folder: created when it is needed, for its owner alone.
        store: the name of the store, which tells the copies of several apart.
    """

    def __init__(self, folder: Path, store: str) -> None:
        self.path = folder / f"last-state-{sha256(store.encode()).hexdigest()[:16]}.json"
        self._written = b""

    def save(self, states: Mapping[str, Versioned], pins: Mapping[str, Pin]) -> bool:
        """Writes what is in force, where it has changed; tells whether it is on disk."""
        text = msgspec.json.encode(
            {
                "rollouts": {
                    name: written(each.state.to_record(), oldest()) for name, each in states.items()
                },
                "pins": {flag: written(pin.to_record(), oldest()) for flag, pin in pins.items()},
            }
        )
        if text != self._written and keep(self.path, text):
            self._written = text
        return text == self._written

    def load(self) -> Seen:
        """Returns what was last seen; nothing where there is nothing, or nothing that can be read."""
        try:
            found: dict[str, Any] = msgspec.json.decode(kept(self.path) or b"", type=dict[str, Any])
            states = {name: _state(record) for name, record in found["rollouts"].items()}
            pins = {flag: Pin.from_record(record) for flag, record in found["pins"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}, {}
        return states, pins


def _state(record: Mapping[str, Any]) -> Versioned:
    return Versioned(RolloutState.from_record(record, None), judged=bool(record.get("judged")))
