"""The only place that reads time."""

import time
from typing import Protocol

__all__ = ["SYSTEM", "Clock"]


class Clock(Protocol):
    """Two readings: one to measure with, one to tell people."""

    def monotonic(self) -> float:
        """Returns seconds from an arbitrary point; never goes back."""

    def time(self) -> float:
        """Returns seconds since 1970-01-01 UTC; may jump."""


class _System:
    # Plain attributes, so that the request path calls the C functions without a frame of ours in between.
    monotonic = staticmethod(time.perf_counter)
    time = staticmethod(time.time)


SYSTEM: Clock = _System()
