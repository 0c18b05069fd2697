"""One error for each client and incident, however often the client retries.

A sticky client that retries in anger sends all its failures to one slot, and breaks every test that takes requests
for independent. Workers can't see each other's clients, so each publishes the bits of a bitmap of hashed keys that
failed in the present window, for each slot; the store keeps the union. Several keys may share a bit, for which the
count is corrected: with m bits of which u are set, -m ln(1 - u/m) keys are the likeliest.

A bitmap that is more than half full no longer counts well enough to compare slots (stable's would fill first, and
the canary would look worse). Blocks are then dropped until the next window begins: folded without their errors,
they would speak for the canary.

Source: Whang, Vander-Zanden & Taylor 1990, A linear-time probabilistic counting algorithm for database applications.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from reliakit.core.bucketing import SPACE, bucket
from reliakit.rollouts.records import Record, opened, stamped

__all__ = ["BITS", "WINDOW", "Incidents", "bit_of", "counted", "window_of"]

BITS = 8192
"""1 KiB for each worker, slot and window: up to 5,678 clients that fail within a minute."""
WINDOW = 60.0
"""Seconds, cut by the clock of the store."""
_REMEMBERED = 2
"""Windows: what workers publish shortly after a window's end still belongs to it."""


def window_of(now: float, seconds: float = WINDOW) -> int:
    """Returns the number of the window at `now`, in seconds by the clock of the store."""
    return int(now // seconds)


def bit_of(key: str, window: int) -> int:
    """Returns the bit of a failed targeting key, 0 <= bit < BITS.

    The window is part of the hash, so that two keys which share a bit do not share it for ever.
    """
    return bucket(key, window % SPACE) * BITS // SPACE


def counted(bits: int) -> int | None:
    """Returns how many keys failed where so many bits are set, or None where the bitmap is too full to say."""
    return None if bits > BITS // 2 else round(-BITS * log(1 - bits / BITS))


@dataclass(frozen=True, slots=True)
class Incidents:
    """How many failed keys of the last windows are in blocks already.

    Attributes:
        folded: (window, keys of canary, keys of stable), oldest first.
    """

    folded: tuple[tuple[int, int, int], ...] = ()

    def fresh(self, window: int, canary: int, stable: int) -> "tuple[Incidents, tuple[int, int] | None]":
        """Takes how many bits are set for a window; returns the new state, and the errors of both slots since.

        None for errors where a bitmap is too full: the block must be dropped. A window older than the ones that
        are remembered has no errors any more.
        """
        keys_c, keys_s = counted(canary), counted(stable)
        if keys_c is None or keys_s is None:
            return self, None
        if len(self.folded) == _REMEMBERED and window < self.folded[0][0]:
            return self, (0, 0)
        known = {number: (before_c, before_s) for number, before_c, before_s in self.folded}
        before_c, before_s = known.get(window, (0, 0))
        known[window] = max(keys_c, before_c), max(keys_s, before_s)
        kept = tuple((number, *known[number]) for number in sorted(known)[-_REMEMBERED:])
        return Incidents(kept), (max(0, keys_c - before_c), max(0, keys_s - before_s))

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        return stamped("incidents", folded=[list(window) for window in self.folded])

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Incidents":
        """Reads `to_record`; raises ValueError where it is something else."""
        windows = opened("incidents", record)["folded"]
        return cls(tuple((number, canary, stable) for number, canary, stable in windows))
