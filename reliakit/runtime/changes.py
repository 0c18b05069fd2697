"""Tells whoever wants to know when flags change, or when their definitions can't be read or used."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from reliakit.clock import Clock
from reliakit.definitions.affected import affected_flags
from reliakit.runtime.flag_news import Change, Listener

if TYPE_CHECKING:
    from reliakit.runtime.keeper import State

__all__ = ["Changes"]

_log = logging.getLogger("reliakit")


class Changes:
    """Compares what is in force with what was when it last looked. Used by one thread, but for `listen`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: dict[object, Listener] = {}
        self._seen: State | None = None
        self._unread_since: float | None = None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Has `listener` called from now on; returns what ends that."""
        mark = object()
        self._listeners[mark] = listener
        return lambda: self._listeners.pop(mark, None) and None

    def look(self, now: "State", read: bool | None = None) -> None:
        """Tells the listeners what changed, if something did, and again of a source that can't be read.

        Args:
            now: what is in force.
            read: whether the source could be read just now; None where nobody tried.
        """
        before, self._seen = self._seen, now
        news = self._unread(read)
        if before is None or not self._listeners:
            return
        flags = _affected(before, now)
        if flags or news or before.problems != now.problems:
            self._tell(Change(flags, tuple(map(str, now.problems)), self._since()))

    def _unread(self, read: bool | None) -> bool:
        """Notes whether the source can be read; tells whether that is news, or bad news again."""
        if read is None:
            return False
        if read:
            before, self._unread_since = self._unread_since, None
            return before is not None
        if self._unread_since is None:
            self._unread_since = self._clock.monotonic()
        return True

    def _since(self) -> float | None:
        return None if self._unread_since is None else self._clock.monotonic() - self._unread_since

    def _tell(self, change: Change) -> None:
        for listener in list(self._listeners.values()):
            try:
                listener(change)
            except Exception:
                _log.exception("%r failed to hear of a change", listener)


def _affected(before: "State", now: "State") -> frozenset[str]:
    same = before.definitions is now.definitions
    flags: frozenset[str] = frozenset() if same else affected_flags(before.definitions, now.definitions)
    old, new = before.snapshot.flags.pinned, now.snapshot.flags.pinned
    return flags.union(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
