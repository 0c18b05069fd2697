"""Puts a worker among those who share its store: everything that `Sharing` needs, made of what a kit has."""

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from reliakit.clock import Clock
from reliakit.core.tally import Tallies
from reliakit.definitions.models import Definitions
from reliakit.definitions.rollout_models import RolloutSection
from reliakit.definitions.rollouts import rollout_definition
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Actor, Event, Happening
from reliakit.rollouts.records import newest
from reliakit.runtime.contents import Contents
from reliakit.runtime.exposing import Exposer
from reliakit.runtime.fleet import Fleet
from reliakit.runtime.gates import Gates
from reliakit.runtime.keeper import Keeper
from reliakit.runtime.last_state import LastState
from reliakit.runtime.minutes import Minutes
from reliakit.runtime.notices import Notices
from reliakit.runtime.notifying import Notifier
from reliakit.runtime.outside import Lookout
from reliakit.runtime.prometheus import PrometheusMetric
from reliakit.runtime.publishing import Publisher
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.runtime.recovery.service import RegionService
from reliakit.runtime.rolling.service import RollingService
from reliakit.runtime.sharing import Sharing
from reliakit.runtime.sighting import About, Endpoints
from reliakit.runtime.standings import Standings
from reliakit.stores.protocol import Store

if TYPE_CHECKING:
    from reliakit.runtime.remotes.table import Remotes

if TYPE_CHECKING:
    from reliakit.runtime.remotes.table import Remotes

__all__ = ["Joined", "Serving", "join"]

Serving = Callable[[str, str, RolloutSection], bool]
"""Tells whether this process can run a slot of a rollout, by their names and what is written of it; asked anew each
time."""


class Joined:
    """One worker and what it shares.

    Args:
        store: what the workers share.
        keeper: of the definitions in force.
        tallies: of the process.
        serving: the slots that this process can run.
        clock: of the process.
        folder: where the last seen state is kept; None where that is of no use.
    """

    def __init__(
        self,
        store: Store,
        keeper: Keeper,
        tallies: Tallies,
        serving: Serving,
        clock: Clock,
        folder: Path | None,
    ) -> None:
        self.store, self._keeper, self._serving = store, keeper, serving
        self._read: tuple[Definitions, Mapping[str, RolloutDefinition]] | None = None
        publisher = Publisher(tallies, _incarnation)
        self.hints = Known()
        self.in_flight: Callable[[], int] = lambda: 0
        """Tells how many requests of rollouts are under way."""
        self.endpoints: Callable[[], dict[str, Endpoints]] = dict
        """Tells what is known of endpoints, by upstream."""
        reconciler = Reconciler(store, self.definitions, self.hints)
        self.fleet = Fleet(store, publisher, reconciler, self.definitions, self._about, keeper.share, clock)
        last = LastState(folder, store.name) if folder else None
        self.sharing = Sharing(self.fleet, store, last, tallies.counters)
        self.notices = Notices(store)
        self.contents = Contents(store, keeper.source_name, lambda: self.fleet.now, _myself)
        self.sharing.stopped = self._stopped
        minutes = Minutes(store, self.definitions, lambda: reconciler.leads, lambda: self.fleet.now)
        self.hints.budget = minutes.budget
        self.notifier = Notifier(
            store,
            lambda: keeper.state.definitions.notify,
            lambda: publisher.worker,
            lambda: self.fleet.now,
            clock,
            self.notices.put,
        )
        self.sharing.duties += [self.contents.post, self.notices.post, minutes.post, self.notifier.post]
        self.sharing.leaving += [self.notifier.leave]
        self._look_around(reconciler, clock)
        self.standings = Standings(
            lambda: self.fleet.states, self.definitions, lambda: reconciler.leads, tallies.counters
        )
        reconciler.committed = self.standings.committed
        self.regions = RegionService(
            store,
            keeper,
            self.fleet,
            self.sharing,
            self.notices,
            tallies.counters,
            lambda: publisher.worker,
            _myself,
            clock,
            folder,
        )
        self.rolling = RollingService(
            store, keeper, self.fleet, self.sharing, publisher, tallies.counters, clock
        )
        self.exposer = Exposer(store, self.definitions, clock)

    def _look_around(self, reconciler: Reconciler, clock: Clock) -> None:
        """What whoever decides asks others for."""
        fleet, keeper = self.fleet, self._keeper
        leads, states = lambda: reconciler.leads, lambda: fleet.states
        self.gates = Gates(self.store, self.definitions, states, leads, lambda: fleet.now, clock)
        self.lookout = Lookout(
            lambda: keeper.state.definitions.rollouts, states, leads, PrometheusMetric, clock
        )
        self.hints.gate, self.hints.outside = self.gates.answer, self.lookout.told
        self.sharing.duties += [self.gates.ask, self.lookout.look]
        self.sharing.leaving += [self.gates.leave, self.lookout.leave]

    def meet(self, remotes: "Remotes") -> None:
        """Learns of the upstreams that are elsewhere."""
        self.endpoints, self.fleet.callers = remotes.told, remotes.called_from
        self.regions.meet(remotes)
        self.rolling.meet(remotes)

    def definitions(self) -> Mapping[str, RolloutDefinition]:
        """Returns the rollouts that are judged, as this worker has read them."""
        present = self._keeper.state.definitions
        if self._read is None or self._read[0] is not present:
            self._read = present, _judged(present)
        return self._read[1]

    def _stopped(self, rollout: str) -> None:
        """Has the journal know that this worker stopped a canary by itself."""
        state, verdict = self.fleet.states[rollout].state, self.fleet.own_verdict(rollout)
        release = state.release
        assert release is not None
        sentence = f"this worker sends nothing to the canary any more: {verdict.sentence}"
        where = release.number, release.slot, release.version, state.phase, state.phase, 0.0
        happened = Happening.STOPPED
        event = Event(happened, rollout, self.fleet.now, *where, sentence, _myself(), (verdict,))
        self.notices.put(event.to_record())
        self.standings.happened(event)

    def _about(self) -> About:
        definitions = self.definitions()
        sections, node = self._keeper.state.definitions.rollouts, self._keeper.state.definitions.node
        return About(
            host=socket.gethostname(),
            pid=os.getpid(),
            version=_version(),
            format=newest(),
            revision=self._keeper.state.snapshot.revision,
            meanings={name: each.meaning for name, each in definitions.items()},
            ready={
                name: [slot for slot in sections[name].slots if self._serving(name, slot, sections[name])]
                for name in definitions
            },
            in_flight=self.in_flight(),
            upstreams=self.endpoints(),
            region=node.region,
            zone=node.zone,
            emptying=self.rolling.told(),
            regions=self.regions.told(),
        )


def join(
    store: Store,
    keeper: Keeper,
    tallies: Tallies,
    serving: Serving,
    clock: Clock,
    folder: Path | None,
) -> Joined:
    """Makes the worker known to itself: it starts with what was last seen on this host."""
    joined = Joined(store, keeper, tallies, serving, clock, folder)
    joined.sharing.recall()
    joined.contents.redefined(keeper.earlier, keeper.state.definitions)
    keeper.redefined, keeper.rejected = joined.contents.redefined, joined.contents.rejected
    if keeper.state.problems:  # this worker has started on the last good definitions
        joined.contents.rejected(keeper.state.problems)
    return joined


def _judged(definitions: Definitions) -> Mapping[str, RolloutDefinition]:
    found = {name: rollout_definition(name, section) for name, section in definitions.rollouts.items()}
    return {name: each for name, each in found.items() if each is not None}


def _myself() -> Actor:
    return Actor("worker", f"{os.getpid()}", host=socket.gethostname())


def _incarnation() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@lru_cache
def _version() -> str:
    try:
        return version("reliakit")
    except PackageNotFoundError:
        return ""
