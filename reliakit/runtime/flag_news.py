"""The part of a kit that tells of changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reliakit.runtime.keeper import Keeper
    from reliakit.runtime.written_flags import WrittenFlags

__all__ = ["Change", "FlagNews", "Listener"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a process has learned of its definitions.

    Attributes:
        flags: the keys of flags that may answer differently now, and of those that came or went.
        problems: what is wrong with what the source holds, in words; empty where all of it is in force.
        unread: seconds for which the source can't be read by now; None where it can.
    """

    flags: frozenset[str]
    problems: tuple[str, ...]
    unread: float | None


Listener = Callable[[Change], object]


class FlagNews:
    """For those that show flags, or hand them on."""

    _keeper: "Keeper"
    _written: "WrittenFlags | None" = None

    @property
    def flags(self) -> Mapping[str, Mapping[str, Any]]:
        """The flags in force by their keys, each as it would be written, without what is the default.

        Not to be changed. What somebody has pinned is not in it.
        """
        from reliakit.runtime.written_flags import WrittenFlags

        written, definitions = self._written, self._keeper.state.definitions
        if written is None or written.definitions is not definitions:
            written = self._written = WrittenFlags(definitions)
        return written

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Has `listener` called whenever flags change in this process, or the state of their definitions does.

        While the source can't be read, it is called again at every attempt, with the seconds since the first. It runs
        on the background thread, so it must not wait.

        Returns:
            What ends it.
        """
        return self._keeper.changes.listen(listener)
