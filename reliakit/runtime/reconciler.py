"""Folds what everybody has counted into the shared states: whoever has the lease does it, and it never matters who.

Safety needs no leader: a state is written only where it still is what was decided about. The lease saves work.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reliakit.rollouts.adoption import Silence
from reliakit.rollouts.controller import Decided, decide, faulted
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Event
from reliakit.rollouts.observed import GateAnswer, Observed, Outside
from reliakit.rollouts.served import prefix_of
from reliakit.rollouts.state import RolloutState
from reliakit.runtime.burying import RETIRED, Undertaker
from reliakit.runtime.documents import EVIDENCE, ROLLOUT, Versioned, states_in, writes_of
from reliakit.runtime.journal import chained
from reliakit.runtime.sighting import format_of, shared
from reliakit.stores.protocol import Store, Totals

__all__ = ["LEASE", "Known", "Reconciler", "append"]

_log = logging.getLogger("reliakit")
LEASE = 5.0
"""Seconds for which a lease holds; a holder that was killed is missed for that long."""
_KEPT = 2
"""Releases whose counts are kept apart, the present one included."""
_TRIES = 20
_RARELY, _SELDOM = 3, 10
"""Turns between attempts to get a lease that somebody else has, and between looks for dead workers."""
_NAME = "controller"


@dataclass(slots=True)
class Known:
    """What is known beside the counts; asked when a decision is due, and never waited for.

    Attributes:
        budget: rollout -> the share of its error budget that is left; None without an objective.
        gate: rollout -> what the webhook of its present gate has answered; None while it has not.
        outside: rollout -> what metrics from outside say, each look once.
    """

    budget: Callable[[str], float | None] = lambda rollout: None
    gate: Callable[[str], GateAnswer | None] = lambda rollout: None
    outside: Callable[[str], Sequence[Outside]] = lambda rollout: ()


class Reconciler:
    """Decides about the rollouts of one worker's definitions.

    Args:
        store: where states and counts are.
        definitions: what this worker has read, by rollout.
        hints: what is known beside the counts.
    """

    def __init__(
        self, store: Store, definitions: Callable[[], Mapping[str, RolloutDefinition]], hints: Known
    ) -> None:
        self._store, self._definitions, self._hints = store, definitions, hints
        self.leads = False
        """Whether this worker had the lease at its last turn."""
        self.committed: Callable[[RolloutState, Sequence[Event]], None] = lambda state, events: None
        """Told of every state that this worker has written, with its evidence and events."""
        self._turns = self._led = 0
        self._undertaker = Undertaker(store)
        self._silences: dict[str, Silence] = {}

    async def turn(self, worker: str, seen: Mapping[str, Versioned]) -> None:
        """Takes one turn: renews the lease, and decides where it has it or where its definitions are news.

        Args:
            worker: this incarnation.
            seen: the states as this worker has them in force, without evidence.

        Raises:
            StoreError: the store can't be used now.
            ValueError: a state was written by a version that this one can't read.
        """
        self._turns += 1
        definitions = self._definitions()
        await self._lead(worker, definitions, seen)
        due = [each for each in definitions.values() if self._due(each, seen.get(each.name))]
        known = await self._known() if due else {}
        for definition in due:
            found = known.get(definition.name)
            if found is None and definition.name in seen:
                continue  # the store has just lost it, and is told again: to begin anew would bring the old version back
            found = found or Versioned(RolloutState.begun(definition))
            if self._due(definition, found):
                await self._decide(definition, found)
        self._led = self._led + 1 if self.leads else 0
        # Nobody buries who has not led for that long: after an outage of the store, all the others would seem dead.
        if self._led > RETIRED and self._led % _SELDOM == 0:
            await self._undertaker.bury()
        await self._undertaker.tell()

    async def _lead(
        self, worker: str, definitions: Mapping[str, RolloutDefinition], seen: Mapping[str, Versioned]
    ) -> None:
        if not definitions or _stands_back(definitions, seen):
            await self._step_down(worker)
        elif self.leads or self._turns % _RARELY == 1:
            self.leads = await self._store.lease(_NAME, worker, LEASE)

    def _due(self, definition: RolloutDefinition, found: Versioned | None) -> bool:
        """A rollout without a release under way costs nothing; news of definitions are everybody's to bring."""
        if found is None or definition.meaning != found.state.meaning:
            return True
        return self.leads and found.judged

    async def _step_down(self, worker: str) -> None:
        if self.leads:
            self.leads = False
            await self._store.release(_NAME, worker)

    async def _known(self) -> dict[str, Versioned]:
        found = (await self._store.read((ROLLOUT, EVIDENCE))).found
        return states_in(found)

    async def _tidy(self, state: RolloutState) -> None:
        """Merges the counts of releases long gone into those of number 0, which nobody judges: totals stay what they
        are, and a rollout that has seen a thousand releases takes no more room than one that has seen three.
        """
        if state.number > _KEPT:
            old = prefix_of(state.rollout, state.number - _KEPT)
            await self._store.absorb(old, prefix_of(state.rollout, 0))

    async def _decide(self, definition: RolloutDefinition, found: Versioned) -> None:
        state = found.state
        totals = await self._store.totals(prefix_of(state.rollout, state.number))
        decided = self._decided(definition, found, totals)
        if decided.state is not state:
            await self.commit(found, decided.state, decided.events, format_of(totals))
        if decided.state.number != state.number:
            await self._tidy(decided.state)

    def _decided(self, definition: RolloutDefinition, found: Versioned, totals: Totals) -> Decided:
        name, state, hints = definition.name, found.state, self._hints
        observed = shared(
            definition,
            state,
            found.version,
            totals,
            budget=hints.budget(name),
            gate=hints.gate(name),
            outside=hints.outside(name),
        )
        if definition.meaning != state.meaning:
            observed = replace(observed, reported=self._reported(state, observed, totals.time))
        try:
            return decide(definition, state, observed, totals.time)
        except Exception as fault:  # a fault of ours must not go unseen, nor promote anything
            _log.exception("%s can't be decided about", name)
            return faulted(definition, state, f"it can't be decided about: {fault!r}", totals.time)

    def _reported(self, state: RolloutState, observed: Observed, now: float) -> dict[str, float]:
        """Returns how long the definition in force was not reported, as far as this worker has seen that itself."""
        known = self._silences.get(state.rollout, Silence())
        silence = known.looked(state.meaning, observed.reported.get(state.meaning), now)
        self._silences[state.rollout] = silence
        return {state.meaning: silence.seconds}

    async def commit(
        self, before: Versioned, after: RolloutState, events: Iterable[Event], format: int = 0
    ) -> bool:
        """Writes a state and its events, all or nothing; tells whether nobody else was faster.

        Args:
            before: as it was read.
            after: what follows.
            events: of the move.
            format: the version of records that all live workers read; 0 where nobody has looked.
        """
        writes = writes_of(before, after, format)
        happened = tuple(events)
        announce = any(write.key.startswith(ROLLOUT) for write in writes)
        last = await self._store.last() if happened else None
        texts = chained(last, [event.to_record() for event in happened], format)
        head = last.number if last else 0
        done = await self._store.commit(writes, texts, head, announce=announce)
        if done:
            self.committed(after, happened)
        return done


def _stands_back(definitions: Mapping[str, RolloutDefinition], seen: Mapping[str, Versioned]) -> bool:
    """Whether somebody with other definitions should have the lease: one who knows what is under way."""
    return any(
        found.judged and (name not in definitions or definitions[name].meaning != found.state.meaning)
        for name, found in seen.items()
    )


async def append(store: Store, records: Sequence[dict[str, object]]) -> bool:
    """Appends events to the journal that change no state; tells whether it could, against others who do as well.

    Raises:
        StoreError: the store can't be used now.
    """
    for _ in range(_TRIES):
        last = await store.last()
        if await store.commit((), chained(last, records), last.number if last else 0, announce=False):
            return True
    return False
