"""Time as decisions count it: bit by bit, so that no clock that jumps and no worker that slept decides anything."""

__all__ = ["LONGEST", "seconds_since"]

LONGEST = 5.0
"""Seconds that one look adds at most: what happened in a longer gap, nobody has seen."""


def seconds_since(at: float, now: float, most: float = LONGEST) -> float:
    """Returns the seconds that pass between two looks: none where the clock went back, and `most` at most."""
    return min(max(now - at, 0.0), most)
