"""Outcomes by minute, rollout and slot, for 35 days: what error budgets and post-mortems are made of.

One document an hour and rollout, written once a minute by whoever decides, together with a cursor of what is in them;
so a minute is written once, whoever writes it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from reliakit.core.outcome import Outcome
from reliakit.rollouts.budget import budget_left
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.records import opened, stamped
from reliakit.runtime.documents import text_of
from reliakit.stores.protocol import Document, Store, Totals, Write

__all__ = ["KEPT", "Minutes", "outcomes_by_slot"]

KEPT = 35 * 86_400
"""Seconds for which minutes are kept."""
_MINUTE, _HOUR = 60, 3_600
_JUDGED = {outcome.name.lower(): outcome for outcome in Outcome}

Slots = dict[str, list[int]]
"""Slot -> a count for each `Outcome`."""


def outcomes_by_slot(sums: Mapping[str, int], rollout: str) -> Slots:
    """Returns all outcomes of a rollout's slots, over all of its releases and however requests came to them."""
    found: Slots = {}
    start = f"r|{rollout}|"
    for name, count in sums.items():
        parts = name.removeprefix(start).split("|")
        if name.startswith(start) and parts[-1] in _JUDGED:
            counts = found.setdefault(parts[1], [0] * len(Outcome))
            counts[_JUDGED[parts[-1]]] += count
    return found


@dataclass(slots=True)
class _Known:
    """What whoever decides remembers of a rollout's minutes."""

    hour: int = -1
    minute: int = -1
    requests: int = 0
    errors: int = 0


class Minutes:
    """Writes minutes, and knows from them how much of an error budget is left.

    Args:
        store: where they are.
        definitions: the rollouts that are judged.
        leads: whether this worker is the one who decides.
    """

    def __init__(
        self,
        store: Store,
        definitions: Callable[[], Mapping[str, RolloutDefinition]],
        leads: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._store, self._definitions, self._leads, self._now = store, definitions, leads, now
        self._known: dict[str, _Known] = {}

    def budget(self, rollout: str) -> float | None:
        """Returns the share of the error budget that is left; None without an objective, or while nothing is known."""
        definition, known = self._definitions().get(rollout), self._known.get(rollout)
        if definition is None or definition.objective is None or known is None:
            return None
        return budget_left(definition.objective, known.requests, known.errors)

    async def post(self) -> None:
        """Writes the minutes that are due.

        Raises:
            StoreError: the store can't be used now.
        """
        if not self._leads():
            self._known = {}
            return
        for name, definition in self._definitions().items():
            known = self._known.setdefault(name, _Known())
            if int(self._now() // _MINUTE) != known.minute:
                await self._write(definition, known)

    async def _write(self, definition: RolloutDefinition, known: _Known) -> None:
        totals = await self._store.totals(f"r|{definition.name}|")
        minute, hour = int(totals.time // _MINUTE), int(totals.time // _HOUR)
        if hour != known.hour:
            await self._look_back(definition, known, totals.time)
        cursor, page = f"minutes/{definition.name}", f"minutes/{definition.name}/{hour}"
        found = (await self._store.read((cursor,))).found
        fresh, sums = _since(found.get(cursor), totals, definition.name)
        writes = [
            _write(cursor, stamped("minutes_cursor", slots=sums), found.get(cursor)),
            _write(page, _with(found.get(page), minute, fresh), found.get(page)),
        ]
        if await self._store.commit(writes if fresh else writes[:1], announce=False):
            known.minute = minute
            _add(known, fresh.values())

    async def _look_back(self, definition: RolloutDefinition, known: _Known, now: float) -> None:
        """Sums the window of the objective anew, once an hour, and drops what is too old."""
        prefix = f"minutes/{definition.name}/"
        found = (await self._store.read((prefix,))).found
        window = definition.objective.window if definition.objective else 0.0
        known.requests = known.errors = 0
        for key, document in found.items():
            hour = int(key.removeprefix(prefix))
            if hour * _HOUR < now - KEPT:
                await self._store.commit([Write(key, None, document.version)], announce=False)
            elif (hour + 1) * _HOUR > now - window:
                _add(known, _pages(document))
        known.hour = int(now // _HOUR)


def _since(cursor: Document | None, totals: Totals, rollout: str) -> tuple[Slots, Slots]:
    """Returns what came since the cursor, without slots in which nothing did, and all there is."""
    sums = outcomes_by_slot(totals.sums, rollout)
    if cursor is None:
        return {}, sums
    before: Slots = opened("minutes_cursor", msgspec.json.decode(cursor.text))["slots"]
    fresh: Slots = {}
    for slot, counts in sums.items():
        then = before.get(slot, [0] * len(counts))
        if any(now < old for now, old in zip(counts, then, strict=True)):
            continue  # the store has lost its counts; the next minute goes on from here
        new = [now - old for now, old in zip(counts, then, strict=True)]
        if any(new):
            fresh[slot] = new
    return fresh, sums


def _with(page: Document | None, minute: int, fresh: Slots) -> dict[str, Any]:
    written: dict[str, Slots] = (
        {} if page is None else opened("minutes", msgspec.json.decode(page.text))["at"]
    )
    here = written.setdefault(str(minute), {})
    for slot, counts in fresh.items():
        before = here.get(slot, [0] * len(counts))
        here[slot] = [one + other for one, other in zip(before, counts, strict=True)]
    return stamped("minutes", at=written)


def _pages(document: Document) -> Iterator[list[int]]:
    for slots in opened("minutes", msgspec.json.decode(document.text))["at"].values():
        yield from slots.values()


def _add(known: _Known, counts: Iterable[list[int]]) -> None:
    total: Counter[int] = Counter()
    for each in counts:
        total.update(dict(enumerate(each)))
    known.errors += total[Outcome.ERROR]
    known.requests += total[Outcome.SUCCESS] + total[Outcome.ERROR] + total[Outcome.CLIENT_ERROR]


def _write(key: str, record: dict[str, Any], before: Document | None) -> Write:
    return Write(key, text_of(record), 0 if before is None else before.version)
