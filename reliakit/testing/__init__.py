"""Tools for the tests of those who build on reliakit; nothing in reliakit itself imports them."""

from reliakit.testing.cases import FlagsMixin
from reliakit.testing.clock import ManualClock
from reliakit.testing.definitions import Definitions, definitions

__all__ = ["Definitions", "FlagsMixin", "ManualClock", "definitions"]
