"""A store that has lost everything just now: nobody may take that for a store in which nothing has ever happened."""

import asyncio
from dataclasses import replace
from pathlib import Path

from reliakit.rollouts.controller import AGAIN, awaiting, decide
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Happening
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.served import Served
from reliakit.rollouts.state import Release, RolloutState
from reliakit.runtime.documents import ROLLOUT, Versioned
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.stores.memory import MemoryStore
from tests.fleet.odd_servers import config, definition_in


def _running(definition: RolloutDefinition, evidence: Evidence | None = None) -> RolloutState:
    """Returns a release back to blue, which has not always been stable."""
    release = Release(3, "blue", "2.5.0", 0.0)
    state = RolloutState("shop", "green", definition.meaning, number=3, release=release, phase=Phase.RUNNING)
    return replace(state, step=1, weight=60.0, evidence=evidence)


def test_a_turn_right_after_the_loss_begins_nothing_anew(tmp_path: Path) -> None:
    """Otherwise whoever decides would send everybody to the first version, before anybody could say what was in force."""
    definition = definition_in(config(tmp_path / "reliakit.yaml"))
    state = _running(definition)

    async def work() -> None:
        store = MemoryStore()
        reconciler = Reconciler(store, lambda: {"shop": definition}, Known())
        await reconciler.turn("w1", {"shop": Versioned(state, version=7, judged=True)})
        assert not (await store.read((ROLLOUT,))).found
        assert await store.last() is None
        await reconciler.turn("w1", {})
        assert (await store.read((ROLLOUT,))).found, "where nobody has seen anything, everything begins"

    asyncio.run(work())


def test_counts_that_come_again_are_judged_once(tmp_path: Path) -> None:
    """Otherwise a release would be promoted by requests that it had served at another weight, before the loss."""
    definition = definition_in(config(tmp_path / "reliakit.yaml"))
    state, before, events = _running(definition, awaiting(definition, 0.0)), 40_000, []
    for second in range(1, int(AGAIN) + 3):
        counted = min(before, 10_000 * second)
        places = {(slot, "split", ""): Served((counted, 0, 0, 0, 0)) for slot in ("blue", "green")}
        decided = decide(definition, state, Observed(places, ready=frozenset({"blue"})), float(second))
        state = decided.state
        events += [event.what for event in decided.events]
    assert events == [Happening.COUNTS_LOST]
    assert state.evidence is not None
    assert (state.weight, state.evidence.step_requests) == (60, 0)
