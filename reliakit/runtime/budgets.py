"""How much of an error budget is left, read from the minutes that the store keeps: anybody can, at any time."""

from collections.abc import Iterator

import msgspec

from reliakit.core.outcome import Outcome
from reliakit.rollouts.budget import budget_left
from reliakit.rollouts.definition import Objective
from reliakit.rollouts.records import opened
from reliakit.stores.protocol import Document, Store

__all__ = ["budget_in"]

_HOUR = 3_600
_JUDGED = (Outcome.SUCCESS, Outcome.ERROR, Outcome.CLIENT_ERROR)


async def budget_in(store: Store, rollout: str, objective: Objective, now: float) -> float:
    """Returns the share that is left, by whole hours of the window.

    Raises:
        StoreError: the store can't be used now.
        ValueError: a minute was written by a version that this one can't read.
    """
    prefix = f"minutes/{rollout}/"
    requests = errors = 0
    for key, document in (await store.read((prefix,))).found.items():
        if (int(key.removeprefix(prefix)) + 1) * _HOUR > now - objective.window:
            for counts in _minutes(document):
                requests += sum(counts[outcome] for outcome in _JUDGED)
                errors += counts[Outcome.ERROR]
    return budget_left(objective, requests, errors)


def _minutes(document: Document) -> Iterator[list[int]]:
    for slots in opened("minutes", msgspec.json.decode(document.text))["at"].values():
        yield from slots.values()
