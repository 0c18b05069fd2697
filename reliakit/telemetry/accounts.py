"""The kits of one process, and what all of them have counted together."""

import threading
import weakref
from dataclasses import dataclass, field

from reliakit.telemetry.metrics import Metric
from reliakit.telemetry.reading import Reading, Watched, read

__all__ = ["Accounts", "Point"]

Point = tuple[float, dict[str, str]]


@dataclass(slots=True, eq=False)
class _Account:
    kit: "weakref.ref[Watched]"
    last: Reading = field(default_factory=Reading)


class Accounts:
    """Sums kits, and keeps the counts of those that are gone, since a counter must not fall."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: list[_Account] = []
        self._departed = Reading()
        self._reading = Reading()
        self._asked: set[Metric] = set()
        self.was_read = False
        """Whether anybody has collected from here."""

    def open(self, kit: Watched) -> None:
        """Counts a kit in from now on, once; it is held weakly."""
        with self._lock:
            self._close_departed()
            if all(account.kit() is not kit for account in self._accounts):
                self._accounts.append(_Account(weakref.ref(kit)))

    def points(self, metric: Metric) -> list[Point]:
        """Returns the points of one metric.

        All metrics of one collection are served from one reading, so they agree with each other and a kit is read
        once: a metric that is asked for again starts the next one.
        """
        with self._lock:
            self.was_read = True
            if not self._asked or metric in self._asked:
                self._reading, self._asked = self._read(), set()
            self._asked.add(metric)
            return list(self._reading.points(metric))

    def _read(self) -> Reading:
        self._close_departed()
        total = Reading()
        total.merge(self._departed)
        for account in self._accounts:
            kit = account.kit()
            if kit is not None:
                account.last = read(kit)
            total.merge(account.last)
        return total

    def _close_departed(self) -> None:
        for account in [each for each in self._accounts if each.kit() is None]:
            self._departed.merge(account.last.without_gauges())
            self._accounts.remove(account)
