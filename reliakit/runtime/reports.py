"""What code reports of the business: at most once for each request, release and metric."""

import logging
from contextvars import ContextVar

from reliakit.core.counters import Counters, Failed, Ignored, Tracked
from reliakit.core.rollouts import Slot
from reliakit.core.scope import Scope
from reliakit.runtime.bounded import OTHER, Bounded

__all__ = ["Reports"]

_log = logging.getLogger("reliakit")


class Reports:
    """Counts reports as evidence about every slot that the current request, or call of a function, was split to.

    Metrics that no analysis defines are counted too, as far as there are not too many, so that a metric has a
    history by the time that it is judged.
    """

    def __init__(self, scope: ContextVar[Scope | None], counters: Counters) -> None:
        self._current, self._counters = scope.get, counters
        self._bounded = Bounded().name

    def report(self, metric: object, value: object = 1) -> None:
        """Counts one report, unless its value says that nothing happened. Never raises."""
        try:
            if value:
                self._counted(metric)
        except Exception:
            _log.exception("a report of a business metric is lost")
            self._counters.add(Failed("report"))

    def _counted(self, metric: object) -> None:
        scope = self._current()
        taken = scope.evidence() if scope is not None else None
        slots = [(row, slot) for row, slot in taken.copy().items() if type(row) is int] if taken else []
        if taken is None or not slots:
            self._counters.add(Ignored(self._bounded(metric)))
            return
        for row, slot in slots:
            self._once(taken, row, slot, metric)

    def _once(self, taken: dict[object, object], row: int, slot: Slot, metric: object) -> None:
        name = metric if isinstance(metric, str) and metric in slot.metrics else self._bounded(metric)
        mine = object()  # `setdefault` is atomic: of threads that report at once, one finds its own
        if taken.setdefault((row, name), mine) is mine:
            unnamed = name == OTHER and name not in slot.metrics
            self._counters.add(
                Ignored(OTHER) if unnamed else Tracked(slot.rollout, slot.name, slot.number, name)
            )
