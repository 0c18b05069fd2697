"""The plugin; `-p no:reliakit` leaves it out."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from contextvars import Context
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reliakit import Reliakit

__all__ = [
    "PinnedFlags",
    "pytest_configure",
    "reliakit_flags",
    "reliakit_kit",
]

_MARKER = "flags"
_WHOSE = """flags of which kit? Write in your conftest.py:

    @pytest.fixture
    def reliakit_kit():
        return kit
"""
_ELSEWHERE = "://"
_CHANGING = (
    "the flags of this test are those that {} has today; give Reliakit `reliakit.testing.definitions(...)`"
)


class PinnedFlags:
    """The flags that a test has pinned; they are let go at its end."""

    def __init__(self, kit: "Reliakit", stack: ExitStack) -> None:
        self._kit, self._stack = kit, stack

    def set(self, flags: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Pins flags for the whole process: for requests, tasks and `identify` blocks that begin from now on.

        Args:
            flags: flag key -> a variant's name, True or False for on/off flags, or else a value.
            named: the same, for keys that are names in Python.
        """
        # In a context of its own, since a test may end in another one than it set its flags in.
        Context().run(self._stack.enter_context, self._kit.override({**(flags or {}), **named}))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{_MARKER}(**flags): pins flags of reliakit while the test runs")


@pytest.fixture
def reliakit_kit() -> "Reliakit":
    """The kit whose flags are pinned. A suite has a fixture of this name in its conftest.py, which returns its kit.

    No option in the configuration names it: pytest would warn of that where the plugin is left out.
    """
    raise pytest.UsageError(_WHOSE)


@pytest.fixture
def reliakit_flags(reliakit_kit: "Reliakit") -> Iterator[PinnedFlags]:
    """Pins flags for a test: `reliakit_flags.set(new_checkout=True)`."""
    source = reliakit_kit.status().source
    if _ELSEWHERE in source:
        warnings.warn(pytest.PytestWarning(_CHANGING.format(source)), stacklevel=1)
    with ExitStack() as stack:
        yield PinnedFlags(reliakit_kit, stack)
        Context().run(stack.close)


@pytest.fixture(autouse=True)
def _reliakit_marked(request: pytest.FixtureRequest) -> None:
    """Does what `@pytest.mark.flags(...)` says; what is nearest to the test counts."""
    marks = list(request.node.iter_markers(_MARKER))
    if marks:
        flags = request.getfixturevalue("reliakit_flags")
        for mark in reversed(marks):
            flags.set(*mark.args, **mark.kwargs)
