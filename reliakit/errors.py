"""Every error that reliakit raises at its users.

ReliakitError
├── ConfigurationError   definitions can't be used, and no last good copy exists; holds every problem found
├── MissingExtraError    an optional dependency is absent; also an ImportError
└── UsageError           a call that can't mean anything, such as two in-process apps under one name
"""

from collections.abc import Iterable

__all__ = ["ConfigurationError", "MissingExtraError", "ReliakitError", "UsageError"]


class ReliakitError(Exception):
    """The root of the tree: catch this to catch all of them."""


class ConfigurationError(ReliakitError):
    """Definitions that can't be used.

    Args:
        problems: everything that is wrong, each printable as `file:line: path: what (hint)`.
    """

    def __init__(self, problems: Iterable[object]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["the configuration can't be used:", *(f"  {p}" for p in self.problems)]))


class MissingExtraError(ReliakitError, ImportError):
    """Something optional is not installed.

    Args:
        what: the feature that was asked for.
        extra: the extra of the reliakit distribution that brings it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional dependency; run: pip install 'reliakit[{extra}]'")


class UsageError(ReliakitError):
    """A call that can't mean anything; the message says what to write instead."""
