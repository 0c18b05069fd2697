"""Pinned flags, switches and samples for tests: context managers, and decorators of functions and test cases.

They hold for the whole process, and write nothing to a database.
"""

from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar

from django.test.utils import TestContextDecorator

from reliakit_django.kits import kit
from reliakit_django.waffle.naming import Kind, key_of
from reliakit_django.waffle.overridden import percentages

__all__ = ["override_flag", "override_sample", "override_switch"]


class _Overrider(TestContextDecorator):
    kind: ClassVar[Kind]

    def __init__(self, name: str, active: Any) -> None:
        super().__init__()
        self.name, self.active = name, active
        self._entered: list[ExitStack] = []

    def enable(self) -> None:
        entered = ExitStack()
        entered.enter_context(self._overriding(key_of(self.kind, self.name)))
        self._entered.append(entered)

    def disable(self) -> None:
        self._entered.pop().close()

    def _overriding(self, key: str) -> Any:
        return kit().override({key: bool(self.active)})


class override_switch(_Overrider):  # noqa: N801 - waffle's name
    """Pins a switch: `override_switch("name", active=True)`."""

    kind = "switch"


class override_flag(_Overrider):  # noqa: N801 - waffle's name
    """Pins a flag for everyone: `override_flag("name", active=True)`; with None, its definition decides."""

    kind = "flag"

    def _overriding(self, key: str) -> Any:
        return kit().override({} if self.active is None else {key: self.active})


class override_sample(_Overrider):  # noqa: N801 - waffle's name
    """Pins a sample: `override_sample("name", active=True)`; `active` may also be a percentage."""

    kind = "sample"

    def _overriding(self, key: str) -> Any:
        return (
            super()._overriding(key) if isinstance(self.active, bool) else _drawing(key, float(self.active))
        )


@contextmanager
def _drawing(key: str, percentage: float) -> Any:
    percentages.setdefault(key, []).append(percentage)
    try:
        yield
    finally:
        percentages[key].pop()
