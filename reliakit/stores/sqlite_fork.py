"""What a fork needs: no connection to SQLite may be open then.

SQLite keeps in memory which locks its process has. A child inherits that and not the locks, and so do connections
that it opens itself: it would write into what others read, or wait for ever for a call of the parent's that is not
going on here. Closing in the child is too late where a call was going on, so the parent closes before it forks, and
both open again when they need to.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

__all__ = ["closed", "opened", "unsafe", "using"]

_PATIENCE = 3.0
"""Seconds that a fork waits for a call that is going on; longer than locks are waited for by default."""


class _Connected(Protocol):
    path: Path

    def close(self) -> None:
        """Ends the connection, whatever thread it was used on."""


class _Forks:
    def __init__(self) -> None:
        self._gate = threading.Condition()
        self._open: set[_Connected] = set()
        self._used: set[_Connected] = set()
        self._spoilt: set[Path] = set()

    @contextmanager
    def using(self, connected: _Connected) -> Iterator[None]:
        """Lets no fork happen meanwhile, unless it takes too long."""
        with self._gate:
            self._used.add(connected)
        try:
            yield
        finally:
            with self._gate:
                self._used.discard(connected)
                self._gate.notify_all()

    def opened(self, connected: _Connected) -> None:
        """Says that a connection is open, or about to be."""
        self._open.add(connected)

    def closed(self, connected: _Connected) -> None:
        """Says that it no longer is."""
        self._open.discard(connected)

    def unsafe(self, path: Path) -> bool:
        """Tells whether this process was forked in the midst of a call to the file, and so must leave it alone."""
        return path in self._spoilt

    def before(self) -> None:
        self._gate.acquire()  # until the fork is over
        self._gate.wait_for(lambda: not self._used, _PATIENCE)
        self._close_unused()

    def in_parent(self) -> None:
        self._gate.release()

    def in_child(self) -> None:
        self._gate = threading.Condition()
        self._close_unused()  # where a server forks without telling Python before
        # The others stay among the open ones for ever: not even to be freed is safe for them.
        self._spoilt.update(connected.path for connected in self._open)
        self._used.clear()

    def _close_unused(self) -> None:
        for connected in self._open - self._used:
            connected.close()


_forks = _Forks()
using, opened, closed, unsafe = _forks.using, _forks.opened, _forks.closed, _forks.unsafe
os.register_at_fork(before=_forks.before, after_in_parent=_forks.in_parent, after_in_child=_forks.in_child)
