"""Pinned flags in the test cases of unittest."""

import unittest
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from reliakit.kit import Reliakit

__all__ = ["FlagsMixin"]

if TYPE_CHECKING:
    _Beside = unittest.TestCase
else:
    _Beside = object


class FlagsMixin(_Beside):
    """Stands before `unittest.TestCase`, or another class of test cases.

    Attributes:
        kit: the application's.
        flags: pinned in all tests of the class: flag key -> a variant's name, True or False, or else a value.
    """

    kit: ClassVar[Reliakit]
    flags: ClassVar[Mapping[str, Any]] = {}

    def setUp(self) -> None:
        """Pins the flags of the class."""
        super().setUp()
        self.set_flags(self.flags)

    def set_flags(self, flags: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Pins flags to the end of the test, over what is pinned already."""
        self.enterContext(self.kit.override({**(flags or {}), **named}))
