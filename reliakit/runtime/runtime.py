"""What one kit is in one process: the scope of the moment, the counts, and the engine that keeps them current."""

import logging
import os
import threading
import weakref
from collections.abc import Callable, Container, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from reliakit.clock import Clock
from reliakit.core.flags import Evaluator
from reliakit.core.scope import Scope
from reliakit.core.snapshot import Flags, Snapshot
from reliakit.core.tally import Tallies
from reliakit.runtime.engine import Engine, Service
from reliakit.runtime.flights import Flights

if TYPE_CHECKING:
    from reliakit.runtime.remotes.table import Remotes

__all__ = ["Runtime"]

_log = logging.getLogger("reliakit")
_CATCH_UP = 1.0
"""Seconds that the first use of a process may wait to be current."""

Answers = Mapping[str, tuple[str | None, Any]]


class Runtime:
    """Wakes when it is first used in a process, and again in each process that is forked from it.

    Args:
        snapshot: to begin with.
        tallies: where everything is counted.
        clock: of the process.
        services: what the engine runs.
        remotes: the upstreams that are elsewhere.
        parts: what has to be settled before a process is current.

    Attributes:
        dormant: nothing was asked of this runtime in this process yet.
        outside: the scope of code that runs in no request; replaced whole on every change.
        scope: the scope of the request or task that the calling context belongs to.
        serving: for each wrapped application, the upstreams that take requests now.
        flights: the requests under way.
        remotes: the upstreams that are elsewhere.
    """

    dormant: bool
    outside: Scope

    def __init__(
        self,
        snapshot: Snapshot,
        tallies: Tallies,
        clock: Clock,
        services: Sequence[Service],
        remotes: "Remotes",
        parts: Sequence[str] = ("definitions",),
    ) -> None:
        self.tallies, self.clock, self._parts = tallies, clock, parts
        self.scope: ContextVar[Scope | None] = ContextVar("reliakit_scope", default=None)
        self.flights, self.remotes = Flights(tallies, clock), remotes
        remotes.scope = self.scope.get
        # Without services there is no engine, and nothing is to start one.
        self.engine = Engine([*services, self.flights.watch, remotes.watch] if services else [])
        self.serving: list[Container[str]] = [remotes.ready]
        self._snapshot = snapshot
        self._overrides: list[Answers] = []
        self._renew()
        _wake_after_fork(self)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot in force."""
        return self._snapshot

    def swap(self, snapshot: Snapshot) -> None:
        """Puts a snapshot in force; requests under way keep theirs."""
        with self._changing:
            self._snapshot = snapshot
            self._refresh()

    def override(self, answers: Answers) -> Callable[[], None]:
        """Pins flags for the whole process, over whatever is in force then; returns what undoes it."""
        with self._changing:
            self._overrides.append(answers)
            self._refresh()
        return lambda: self._undo(answers)

    def wake(self) -> None:
        """Starts the engine in this process and waits, briefly, for what changed since the definitions were read.

        Never raises: without an engine the definitions of the start stay in force, which is logged.
        """
        with self._waking:
            if not self.dormant:
                return
            try:
                self.engine.start()
                if self.engine.running:
                    self._settled.wait(_CATCH_UP)
            except Exception:
                _log.exception("definitions will not be reloaded in this process")
            with self._changing:
                self.dormant = False
                self._refresh()

    def settle(self, what: str) -> None:
        """Says that a part of what is in force is current: `definitions`, or `state`."""
        self._unsettled.discard(what)
        if not self._unsettled:
            self._settled.set()

    def stop(self, timeout: float = 2.0) -> bool:
        """Stops the engine; the next use wakes it again."""
        with self._changing:
            self._sleep()
        self.remotes.close()
        return self.engine.stop(timeout)

    def _undo(self, answers: Answers) -> None:
        with self._changing:
            self._overrides = [each for each in self._overrides if each is not answers]
            self._refresh()

    def _sleep(self) -> None:
        self._settled, self._unsettled = threading.Event(), set(self._parts)
        self.dormant = True
        self._refresh()

    def _refresh(self) -> None:
        flags = self._snapshot.flags
        for answers in self._overrides:
            flags = flags.overridden(answers)
        self.outside = Scope(self._snapshot, _Dormant(self, flags) if self.dormant else flags)

    def after_fork(self) -> None:
        """In a forked child: the parent's thread, locks and counts are not ours."""
        self.engine.after_fork()
        self.tallies.after_fork()
        self.flights.open.clear()
        self.remotes.after_fork()
        self._renew()

    def _renew(self) -> None:
        self._waking, self._changing = threading.Lock(), threading.RLock()
        self._sleep()


class _Dormant(Flags):
    """Stands in until the first flag check of a process. It has nothing compiled, so every check asks `find`, and
    that wakes the runtime: the check itself needs no "has it started?", which would cost every call.
    """

    __slots__ = ("_flags", "_runtime")

    def __init__(self, runtime: Runtime, flags: Flags) -> None:
        super().__init__(flags._keys, flags._plan, flags._counters)
        self.pinned = flags.pinned
        self._runtime, self._flags = runtime, flags

    def find(self, key: str) -> Evaluator | None:
        self._runtime.wake()
        awake = self._runtime.outside.flags
        return (self._flags if isinstance(awake, _Dormant) else awake).find(key)


def _wake_after_fork(runtime: Runtime) -> None:
    if hasattr(os, "register_at_fork"):
        alive = weakref.WeakMethod(runtime.after_fork)

        def child() -> None:
            if method := alive():
                method()

        os.register_at_fork(after_in_child=child)
