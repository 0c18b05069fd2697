"""One worker among those who share a store: publishes, takes in what the others decided, and takes its turn to decide.

Nothing here sleeps or reads a clock of its own, so that a simulation drives the same code as the engine does.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from reliakit.clock import Clock
from reliakit.core.rollouts import Split
from reliakit.failover.endpoints import Locality
from reliakit.rollouts.bursts import window_of
from reliakit.rollouts.controller import awaiting
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.judging import judge_rollback
from reliakit.rollouts.local import alone, overwhelming
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.verdict import Verdict
from reliakit.runtime.documents import OVERRIDE, ROLLOUT, Pin, Versioned, pins_in, states_in, writes_of
from reliakit.runtime.keeper import Shared
from reliakit.runtime.publishing import Publisher
from reliakit.runtime.reconciler import Reconciler
from reliakit.runtime.sighting import LIVE, About, about_of, own
from reliakit.stores.protocol import Document, Receipt, Store

__all__ = ["Fleet"]

_log = logging.getLogger("reliakit")
_UNKNOWN = -1


class Fleet:
    """What one worker knows of the shared state, and what it tells.

    Args:
        store: what the workers share.
        publisher: makes the reports.
        reconciler: decides.
        definitions: what this worker has read, by rollout.
        about: what the worker says of itself, but for the states that it has in force.
        share: puts in force what was learned.
        clock: the process's own.
    """

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        reconciler: Reconciler,
        definitions: Callable[[], Mapping[str, RolloutDefinition]],
        about: Callable[[], About],
        share: Callable[[Shared], None],
        clock: Clock,
    ) -> None:
        self._store, self._publisher, self._reconciler = store, publisher, reconciler
        self._definitions, self._about, self._share, self._clock = definitions, about, share, clock
        self.states: Mapping[str, Versioned] = {}
        """Where the rollouts stand, as far as this worker knows; without evidence."""
        self.pins: Mapping[str, Pin] = {}
        self.stopped: dict[str, int] = {}
        """Rollouts whose canary this worker sends nothing to by its own evidence -> version of the state then."""
        self.live = 1
        """How many workers were live when this one last looked."""
        self.callers: Callable[[Mapping[Locality, int]], None] = lambda callers: None
        """Told how many live workers there are in each locality."""
        self.listeners: dict[str, Callable[[Mapping[str, Document]], None]] = {}
        """Told the documents whose keys start so, whenever anything has changed."""
        self._own: dict[str, tuple[int, Evidence]] = {}
        self._revision = _UNKNOWN
        self._offset: float | None = None

    @property
    def now(self) -> float:
        """The store's clock as far as it is known, else the process's own."""
        offset = self._offset
        return self._clock.time() if offset is None else self._clock.monotonic() + offset

    def recall(self, states: Mapping[str, Versioned], pins: Mapping[str, Pin]) -> None:
        """Takes what was last seen for true, until the store says otherwise."""
        self.states, self.pins = states, pins
        self.apply()

    def listen(self, prefix: str, listener: Callable[[Mapping[str, Document]], None]) -> None:
        """Adds a listener, who is told soon what there is already."""
        self.listeners[prefix] = listener
        self._revision = _UNKNOWN

    async def flush(self) -> None:
        """Publishes what has changed, and reads what others have written since the last time.

        Raises:
            StoreError: the store can't be used now; what was not published is published the next time.
            ValueError: a document was written by a version that this one can't read.
        """
        receipt = await self._publish()
        if not self._publisher.received(receipt):
            # The store may have lost everything and have come to the same revision again.
            self._revision = _UNKNOWN
            self._publisher.received(await self._publish())
        if receipt.revision != self._revision:
            await self.refresh()

    async def _publish(self) -> Receipt:
        report = self._publisher.report(window_of(self.now), _text(self._told()))
        receipt = await self._store.publish(report)
        self._offset = receipt.time - self._clock.monotonic()
        return receipt

    async def refresh(self) -> None:
        """Reads the shared state and puts it in force; raises as `flush` does."""
        found = await self._store.read((ROLLOUT, OVERRIDE, *self.listeners))
        states = states_in(found.found)
        lost = {name: each for name, each in self.states.items() if name not in states}
        if lost:
            await self._seed(lost)
            found = await self._store.read((ROLLOUT, OVERRIDE, *self.listeners))
            states = lost | states_in(found.found)
        pins = pins_in(found.found)
        self._revision, self._offset = found.revision, found.time - self._clock.monotonic()
        self.states, self.pins = states, pins
        self.stopped = {name: at for name, at in self.stopped.items() if self._version(name) == at}
        for prefix, listener in self.listeners.items():
            listener({key: each for key, each in found.found.items() if key.startswith(prefix)})
        self.apply()

    async def leave(self) -> None:
        """Publishes a last time and retires this worker, so that nobody waits for it; raises as `flush` does.

        Where the process goes on all the same, its next report is refused and it begins another incarnation.
        """
        await self.flush()
        await self._store.retire(self._publisher.worker, 0.0)

    async def turn(self) -> None:
        """Takes this worker's turn to decide; raises as `flush` does."""
        await self._reconciler.turn(self._publisher.worker, self.states)

    def apply(self) -> None:
        """Puts in force what is known; to be called now and then, since pins end by themselves."""
        now = self.now
        pins = {flag: pin.value for flag, pin in self.pins.items() if pin.holds(now)}
        self._share(Shared({name: self._split(name, each.state) for name, each in self.states.items()}, pins))

    def judge_alone(self) -> list[str]:
        """Looks at this worker's own counts; returns the rollouts whose canary it stops sending to."""
        definitions, newly = self._definitions(), []
        totals, bits = self._publisher.totals(), self._publisher.bits()
        for name, found in self.states.items():
            definition, state = definitions.get(name), found.state
            if definition is None or not state.active or not state.weight or name in self.stopped:
                continue
            if definition.analysis.dry_run or definition.analysis.ratio is not None:
                continue
            observed = own(definition, state, totals, bits)
            number, evidence = self._own.get(name, (0, None))
            before = evidence if number == state.number else None
            evidence = alone(definition, state, before, observed, self._clock.monotonic())
            self._own[name] = state.number, evidence
            if overwhelming(evidence, self.live):
                self.stopped[name] = found.version
                newly.append(name)
        if newly:
            _log.warning(
                "its own evidence is overwhelming: nothing goes to the canary of %s", ", ".join(newly)
            )
            self.apply()
        return newly

    def own_verdict(self, rollout: str) -> Verdict:
        """Returns what this worker's own evidence says about the canary of a rollout."""
        _, evidence = self._own[rollout]
        errors = evidence.analysis.errors.against
        return judge_rollback(errors.rollback, errors.evidence)

    async def count_live(self) -> None:
        """Learns how many workers are live."""
        totals = await self._store.totals("-")
        live = [about_of(worker) for worker in totals.workers if totals.time - worker.seen <= LIVE]
        self.live = max(1, len(live))
        self.callers(Counter(Locality(each.region, each.zone) for each in live))

    def _split(self, name: str, state: RolloutState) -> Split:
        return Split(state.stable, 0.0 if name in self.stopped else state.weight, state.number)

    def _version(self, name: str) -> int:
        found = self.states.get(name)
        return found.version if found else 0

    def _told(self) -> About:
        states = {name: found.version for name, found in self.states.items()}
        return replace(self._about(), states=states, stopped=sorted(self.stopped))

    async def _seed(self, lost: Mapping[str, Versioned]) -> None:
        """The store has lost what it held: what this worker has in force, or has last seen, is the best that anybody
        knows."""
        _log.error("%s has lost the state of %s: it is told again", self._store.name, ", ".join(lost))
        definitions = self._definitions()
        for name, found in lost.items():
            state = found.state
            if found.judged and name in definitions:
                state = replace(state, evidence=awaiting(definitions[name], self.now))
            await self._store.commit(writes_of(Versioned(state), state))


def _text(about: About) -> str:
    return msgspec.json.encode(about).decode()
