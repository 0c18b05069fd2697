"""The part of a kit that says what it knows of flags, beside their answers."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reliakit.core.scope import Scope
from reliakit.runtime.runtime import Runtime

if TYPE_CHECKING:
    from reliakit.runtime.keeper import Keeper

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
    """What tools want to know that show flags, or hand them on."""

    _runtime: Runtime
    _scope: ContextVar[Scope | None]
    _keeper: "Keeper"

    def metadata(self, key: str) -> Mapping[str, Any]:
        """Returns what a flag's definition says beside: `owner`, `kind`, and `version`, the revision of the definitions.

        Of a flagd flag it is its `metadata`. What is not said is not there. Not to be changed. Never raises.
        """
        try:
            return (self._scope.get() or self._runtime.outside).flags.metadata(key)
        except Exception:  # a key that can't be one
            return {}

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Has `listener` called whenever flags change in this process, or the state of their definitions does.

        While the source can't be read, it is called again at every attempt, with the seconds since the first. It runs
        on the background thread, so it must not wait.

        Returns:
            What ends it.
        """
        return self._keeper.changes.listen(listener)
