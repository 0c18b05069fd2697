"""A clock that stands still."""

__all__ = ["ManualClock"]


class ManualClock:
    """A `reliakit.clock.Clock` that moves when it is told to, so that a test of time takes none.

    Args:
        monotonic: the first reading, in seconds.
        time: the first wall time, in seconds since 1970-01-01 UTC.
    """

    def __init__(self, monotonic: float = 0.0, time: float = 0.0) -> None:
        self._monotonic, self._time = monotonic, time

    def monotonic(self) -> float:
        """Returns seconds; moves only by `advance`."""
        return self._monotonic

    def time(self) -> float:
        """Returns seconds since 1970-01-01 UTC."""
        return self._time

    def advance(self, seconds: float) -> None:
        """Lets time pass, on both readings.

        Raises:
            ValueError: `seconds` is negative; only wall time goes back, by `set_time`.
        """
        if seconds < 0:
            raise ValueError("a monotonic clock never goes back; to turn back the wall clock, call set_time")
        self._monotonic += seconds
        self._time += seconds

    def set_time(self, time: float) -> None:
        """Sets the wall clock, forward or back, as an administrator or a time server does."""
        self._time = time
