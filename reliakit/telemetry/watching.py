"""One set of instruments a process, over all of its kits."""

import logging
import os
import threading
from typing import Any

from reliakit.telemetry.accounts import Accounts, Point
from reliakit.telemetry.metrics import Metric
from reliakit.telemetry.reading import Watched

__all__ = ["Watch", "watch"]

_log = logging.getLogger("reliakit")


class Watch:
    """Creates the instruments when the first kit is watched. OpenTelemetry is imported then, not before.

    Args:
        provider: a MeterProvider; by default the global one, which the application may also set later.
    """

    def __init__(self, provider: Any = None) -> None:
        self._provider = provider
        self._accounts = Accounts()
        self._creating = threading.Lock()
        self._created = False
        self._forks = 0

    def watch(self, kit: Watched) -> None:
        """Reports a kit from now on; again and again is as good as once. Never raises.

        Call it in every process that uses the kit: a forked child forgets which kits its parent watched.
        """
        self._accounts.open(kit)
        with self._creating:
            missing, self._created = not self._created, True
        if missing and self._forks:
            # The SDK's locks may have been held by another thread when the process was forked, and nobody will
            # release them: then its exports hang in this process, and nothing else shall.
            threading.Thread(target=self._create, name="reliakit-telemetry", daemon=True).start()
        elif missing:
            self._create()

    def after_fork(self) -> None:
        """In a forked child: the parent's counts are the parent's to report.

        Instruments that the parent's readers have collected can't be used again: their storage remembers the
        parent's totals, and a delta to those would be negative. A meter of another scope starts from nothing.
        """
        used = self._accounts.was_read
        self._accounts, self._creating = Accounts(), threading.Lock()
        if used:
            self._forks += 1
            self._created = False

    def _create(self) -> None:
        try:
            from reliakit.telemetry.instruments import create

            forks = self._forks
            create(lambda metric: self._points(metric, forks), self._provider, forks)
        except Exception:
            _log.exception("metrics are not exported from this process")

    def _points(self, metric: Metric, forks: int) -> list[Point]:
        return self._accounts.points(metric) if forks == self._forks else []


_PROCESS = Watch()
watch = _PROCESS.watch
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_PROCESS.after_fork)
