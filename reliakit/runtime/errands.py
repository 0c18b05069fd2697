"""Work that may take long, begun by the beat, which never waits for it: one at a time for each name, with rests between."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, field

from reliakit.clock import Clock

__all__ = ["Errands", "Pace"]

_log = logging.getLogger("reliakit")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an errand rests before it can be begun again.

    Attributes:
        every: seconds after one that went well.
        first: seconds after the first failure; doubled with each further one.
        last: the longest of these rests.
    """

    every: float
    first: float
    last: float

    def rest(self, failures: int, chance: random.Random) -> float:
        """Returns seconds; after failures it is between half and all of what is due, or all would come at once."""
        if not failures:
            return self.every
        # Bounded before it is raised: 2 to the number of a week's failures is no float.
        return min(self.last, self.first * 2.0 ** min(failures - 1, 62)) * chance.uniform(0.5, 1.0)


@dataclass(slots=True)
class _Errand:
    task: "asyncio.Task[None] | None" = None
    failures: int = 0
    due: float = 0.0

    @property
    def runs(self) -> bool:
        # A task of another loop is a parent's from before a fork, or of an engine that has stopped: it never ends.
        task = self.task
        return task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()


@dataclass(slots=True)
class Errands:
    """Errands by name.

    Args:
        clock: what rests are measured by.
        pace: of all of them.
        chance: spreads the rests after failures.
    """

    clock: Clock
    pace: Pace
    chance: random.Random = field(default_factory=random.Random)
    _known: dict[str, _Errand] = field(default_factory=dict)

    def begin(self, name: str, work: Callable[[], Awaitable[bool]]) -> bool:
        """Begins an errand, unless it runs or rests; tells whether it did.

        Args:
            name: tells it apart from others.
            work: tells whether it went well; where it raises, that is logged and did not.
        """
        errand = self._known.setdefault(name, _Errand(due=self.clock.monotonic()))
        if errand.runs or self.clock.monotonic() < errand.due:
            return False
        errand.task = asyncio.create_task(self._run(errand, work), name=f"reliakit {name}")
        return True

    def keep(self, names: Container[str]) -> None:
        """Cancels and forgets all others."""
        for name in [each for each in self._known if each not in names]:
            errand = self._known.pop(name)
            if errand.runs and errand.task is not None:
                errand.task.cancel()

    @property
    def idle(self) -> bool:
        """Whether nothing runs now."""
        return not any(errand.runs for errand in self._known.values())

    async def _run(self, errand: _Errand, work: Callable[[], Awaitable[bool]]) -> None:
        try:
            well = await work()
        except Exception:
            _log.exception("an errand failed")
            well = False
        errand.failures = 0 if well else errand.failures + 1
        errand.due = self.clock.monotonic() + self.pace.rest(errand.failures, self.chance)
