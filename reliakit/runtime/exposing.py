"""What all workers have counted together, as OpenMetrics text: the same from every worker, so it is scraped once."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reliakit.clock import Clock
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.phases import Phase
from reliakit.runtime.budgets import budget_in
from reliakit.runtime.documents import EVIDENCE, ROLLOUT, Versioned, states_in
from reliakit.runtime.pace import paced
from reliakit.runtime.shown_evidence import shares, shown_evidence
from reliakit.runtime.sighting import LIVE
from reliakit.runtime.summing import summed
from reliakit.stores.protocol import Store, StoreError, Totals
from reliakit.telemetry import fleet_metrics as fleet
from reliakit.telemetry.fleet_metrics import FLEET, FleetMetric
from reliakit.telemetry.openmetrics import Point, written

__all__ = ["Exposer"]

_FRESH = 1.0
"""Seconds for which a text serves everybody who asks: scrapers come in pairs, and so do the curious."""
_BUDGETS_FRESH = 60.0
"""Budgets change with the minute, and are made of up to 840 documents a rollout."""
_WITHIN = 5.0

Told = dict[FleetMetric, list[Point]]
Definitions = Mapping[str, RolloutDefinition]


@dataclass(slots=True)
class Exposer:
    """Reads a store and writes down what it says.

    Args:
        store: what the workers share.
        definitions: the rollouts that are judged, as this process has read them: evidence and error budgets of
            others are left out.
        clock: tells how old the last text is.
    """

    store: Store
    definitions: Callable[[], Definitions]
    clock: Clock
    _text: tuple[float, str] | None = None
    _budgets: dict[str, tuple[float, float]] = field(default_factory=dict)
    _reading: "asyncio.Task[str] | None" = None

    async def text(self) -> str:
        """Returns the text of a moment that is at most a second ago; whoever asks meanwhile gets the same.

        Raises:
            StoreError: the store can't be read now.
            ValueError: something in it was written by a version that this one can't read.
        """
        if self._text is not None and self.clock.monotonic() - self._text[0] < _FRESH:
            return self._text[1]
        reading = self._reading
        if reading is None or reading.done() or reading.get_loop() is not asyncio.get_running_loop():
            reading = self._reading = asyncio.create_task(self._read())
        return await asyncio.shield(reading)

    async def _read(self) -> str:
        try:
            async with asyncio.timeout(_WITHIN):
                found = written(await self._told())
        except TimeoutError as late:
            raise StoreError(f"{self.store.name} did not answer within {_WITHIN:g} s") from late
        self._text = self.clock.monotonic(), found
        return found

    async def _told(self) -> Told:
        store, definitions = self.store, self.definitions()
        totals = await store.totals()
        states = states_in((await store.read((ROLLOUT, EVIDENCE))).found)
        last = await store.last()
        told: Told = {metric: [] for metric in FLEET}
        told[fleet.INFO].append(((store.scope,), 1))
        told[fleet.JOURNAL].append(((), last.number if last else 0))
        sums = await paced(summed(totals.sums), self.clock)
        for metric, point in [*_workers(totals), *sums, *_rollouts(states, definitions)]:
            told[metric].append(point)
        for name, left in (await self._left(definitions, totals.time)).items():
            told[fleet.BUDGET].append(((name,), left))
        return told

    async def _left(self, definitions: Definitions, now: float) -> dict[str, float]:
        for name, each in definitions.items():
            read, _ = self._budgets.get(name, (None, 0.0))
            fresh = read is not None and self.clock.monotonic() - read < _BUDGETS_FRESH
            if each.objective is not None and not fresh:
                left = await budget_in(self.store, name, each.objective, now)
                self._budgets[name] = self.clock.monotonic(), left
        with_one = [name for name, each in definitions.items() if each.objective is not None]
        return {name: self._budgets[name][1] for name in with_one}


def _workers(totals: Totals) -> Iterator[tuple[FleetMetric, Point]]:
    ages = [max(0.0, totals.time - worker.seen) for worker in totals.workers]
    yield fleet.WORKERS, ((), sum(age <= LIVE for age in ages))
    if ages:
        yield fleet.LAST_REPORT, ((), min(ages))


def _rollouts(
    states: Mapping[str, Versioned], definitions: Definitions
) -> Iterator[tuple[FleetMetric, Point]]:
    for name, found in sorted(states.items()):
        state, definition = found.state, definitions.get(name)
        for slot, share in shares(state, definition).items():
            yield fleet.WEIGHT, ((name, slot), share)
        for phase in Phase:
            yield fleet.PHASE, ((name, phase.lower()), int(state.phase is phase))
        for each in shown_evidence(state, definition) if definition else ():
            test = (name, each.metric, each.test)
            yield fleet.EVIDENCE, (test, each.evidence)
            yield fleet.THRESHOLD, (test, each.threshold)
