"""Tools for the tests of those who build on reliakit; nothing in reliakit itself imports them."""

from reliakit.testing.clock import ManualClock

__all__ = ["ManualClock"]
