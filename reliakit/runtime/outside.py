"""Metrics that something else measures: whoever decides looks at them now and then."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from reliakit.clock import Clock
from reliakit.definitions.analysis_models import OutsideSection
from reliakit.definitions.rollout_models import RolloutSection
from reliakit.errors import MissingExtraError, ReliakitError
from reliakit.rollouts.observed import Outside
from reliakit.runtime.documents import Versioned
from reliakit.runtime.errands import Errands, Pace

__all__ = ["EVERY", "Lookout", "NoLook", "OutsideMetric"]

_log = logging.getLogger("reliakit")
EVERY = 10.0
"""Seconds between two looks."""
_PACE = Pace(every=EVERY, first=EVERY, last=EVERY)
_MOST = 60


class NoLook(ReliakitError):
    """A metric says nothing now; the message says why, and holds neither its address nor a password."""


class OutsideMetric(Protocol):
    """Something that tells whether a metric is as it should be."""

    async def look(self) -> Outside:
        """Looks once, within a few seconds.

        Raises:
            NoLook: the metric can't be seen, or there is none. That is neither good nor bad: nothing is rolled back
                for it, and where guards have to have looked, nothing goes on.
        """


class Lookout:
    """The looks that nobody has been told yet.

    Args:
        sections: the rollouts as written, asked anew each time.
        states: where they stand, as this worker knows.
        leads: whether this worker is the one who decides.
        made: makes the metric of a section, by its name.
        clock: of the process.
    """

    def __init__(
        self,
        sections: Callable[[], Mapping[str, RolloutSection]],
        states: Callable[[], Mapping[str, Versioned]],
        leads: Callable[[], bool],
        made: Callable[[str, OutsideSection], OutsideMetric],
        clock: Clock,
    ) -> None:
        self._sections, self._states, self._leads, self._made = sections, states, leads, made
        self.errands = Errands(clock, _PACE)
        self._looks: dict[str, list[Outside]] = {}
        self.trouble: dict[str, str] = {}
        """Why a metric can't be seen, by `rollout/metric`."""

    def told(self, rollout: str) -> Sequence[Outside]:
        """Returns the looks at a rollout's metrics since it was last asked, each once."""
        return self._looks.pop(rollout, ())

    async def look(self) -> None:
        """Begins what is due, and waits for none of it."""
        due = dict(self._due()) if self._leads() else {}
        self.errands.keep(due)
        if not due:
            self._looks.clear()  # they would be old when this worker decides again
        for name in [name for name in self.trouble if name not in due]:
            del self.trouble[name]
        for name, (rollout, metric) in due.items():
            self.errands.begin(name, partial(self._looked, name, rollout, metric))

    def leave(self) -> None:
        """Looks no more."""
        self.errands.keep(())

    def _due(self) -> Iterator[tuple[str, tuple[str, OutsideMetric]]]:
        sections = self._sections()
        for rollout, found in self._states().items():
            section = sections.get(rollout)
            if section is None or section.analysis is None or not found.judged:
                continue
            for name, written in section.analysis.outside.items():
                yield f"{rollout}/{name}", (rollout, self._made(name, written))

    async def _looked(self, name: str, rollout: str, metric: OutsideMetric) -> bool:
        try:
            found = await metric.look()
        except (NoLook, MissingExtraError) as failed:
            if name not in self.trouble:
                _log.warning("%s can't be seen: %s", name, failed)
            self.trouble[name] = str(failed)
            return False
        if self.trouble.pop(name, None) is not None:
            _log.info("%s can be seen again", name)
        looks = self._looks.setdefault(rollout, [])
        looks.append(found)
        del looks[:-_MOST]
        return True
