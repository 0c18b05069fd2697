"""The simulation can fail: each of these mistakes is found by one of a few seeds."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reliakit.rollouts import controller, folding, phases, reactions, transitions
from reliakit.rollouts.definition import Step
from reliakit.rollouts.events import RULE, Event, Happening
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.state import RolloutState
from reliakit.runtime import burying, fleet, publishing, reconciler
from reliakit.stores.memory import MemoryStore, _Held
from reliakit.testing.simulation import Broken, InMemory, simulate
from reliakit.testing.simulation.deciding import Standing, promoted_in_time
from reliakit.testing.simulation.stints import Stints
from tests.rollouts.stage import ADA, canary

Mistake = Callable[[pytest.MonkeyPatch], type[MemoryStore] | None]
_SEEDS = range(1, 13)


def _counts_doubled_reports(monkeypatch):
    """The store counts a report twice that arrives twice."""
    plain = _Held.count

    def count(self, report, now):
        worker = self.workers.get(report.worker)
        if worker is not None and report.sequence <= worker.sequence:
            for series, total in report.totals.items():
                self.sums[series] += total
        plain(self, report, now)

    monkeypatch.setattr(_Held, "count", count)


def _loses_the_retired(monkeypatch):
    """The store takes what dead workers have counted out of the sums."""
    plain = MemoryStore.retire

    async def retire(self, worker, silent):
        known = self._held.workers.get(worker)
        retired = await plain(self, worker, silent)
        if known is not None and worker not in self._held.workers:
            for series, total in known.counts.items():
                self._held.sums[series] -= total
        return retired

    monkeypatch.setattr(MemoryStore, "retire", retire)


def _revives_the_retired(monkeypatch):
    """The store forgets whom it has retired."""
    plain = MemoryStore.retire

    async def retire(self, worker, silent):
        retired = await plain(self, worker, silent)
        self._held.tombstones.clear()
        return retired

    monkeypatch.setattr(MemoryStore, "retire", retire)


def _journals_twice(monkeypatch):
    """The store appends events twice."""
    plain = _Held.write
    monkeypatch.setattr(_Held, "write", lambda self, writes, events: plain(self, writes, [*events, *events]))


def _forgets_the_cursor(monkeypatch):
    """The controller folds what it has folded before."""
    plain = folding._compared

    def compared(evidence, definition, state, observed):
        return plain(replace(evidence, cursor={}), definition, state, observed)

    monkeypatch.setattr(folding, "_compared", compared)


def _goes_on_without_evidence(monkeypatch):
    """The controller goes on as soon as a step has begun."""
    monkeypatch.setattr(reactions, "favourable", lambda analysis, rules, compares: True)


def _believes_the_clock(monkeypatch):
    """The controller lets a clock that jumps count as time."""
    monkeypatch.setattr(folding, "_elapsed", lambda evidence, now: max(0.0, now - evidence.at))


def _ignores_the_winner(monkeypatch):
    """The reconciler writes over whatever is there now."""

    class Store(MemoryStore):
        async def commit(self, writes, events=(), head=0, *, announce=True):
            known = self._held.documents
            now = [
                replace(each, expected=known[each.key].version if each.key in known else 0) for each in writes
            ]
            return await super().commit(now, events, self._held.head, announce=announce)

    return Store


def _journals_nothing(monkeypatch):
    """The reconciler changes phases without telling."""
    plain = reconciler.Reconciler.commit

    async def commit(self, before, after, events):
        return await plain(self, before, after, [each for each in events if each.what != "running"])

    monkeypatch.setattr(reconciler.Reconciler, "commit", commit)


def _counts_again(monkeypatch):
    """A worker that was thought dead tells everything again under its new name."""
    plain = publishing.Publisher._renew

    def renew(self, counted):
        plain(self, counted)
        self._base, self._confirmed = {}, {}

    monkeypatch.setattr(publishing.Publisher, "_renew", renew)


def _reads_nothing(monkeypatch):
    """A worker does not take in what the others decide."""

    async def refresh(self):
        if not self.states:
            await plain(self)

    plain = fleet.Fleet.refresh
    monkeypatch.setattr(fleet.Fleet, "refresh", refresh)


def _invents_weights(monkeypatch):
    """A worker gives the canary more than was decided."""
    plain = fleet.Fleet._split

    def split(self, name, state):
        found = plain(self, name, state)
        return replace(found, weight=min(100.0, found.weight * 2))

    monkeypatch.setattr(fleet.Fleet, "_split", split)


def _lets_definitions_fight(monkeypatch):
    """A worker puts its definition in force whatever the others have."""
    monkeypatch.setattr(controller, "in_force", lambda definition, state, observed: True)


def _believes_an_empty_store(monkeypatch):
    """A worker lets an older definition win because nobody has reported the present one yet."""
    monkeypatch.setattr(
        reconciler.Reconciler, "_reported", lambda self, state, observed, now: dict(observed.reported)
    )


def _loses_durations(monkeypatch):
    """A worker tells outcomes without their durations."""
    monkeypatch.setattr(publishing, "log_bins", lambda bins: [])


def _skips_phases(monkeypatch):
    """The table has a way that it must not have."""
    plain = phases.moved

    def moved(phase, trigger):
        return phases.Phase.SUCCESSFUL if trigger == "traffic" else plain(phase, trigger)

    monkeypatch.setattr(transitions, "moved", moved)


def _buries_twice(monkeypatch):
    """Whoever tells of a dead worker does not look whether it is told already."""
    plain = burying.Undertaker._told

    async def told(self, worker, record):
        await plain(self, worker, record)
        return await plain(self, worker, record)

    monkeypatch.setattr(burying, "_is_of", lambda entry, worker: False)
    monkeypatch.setattr(burying.Undertaker, "_told", told)


def _buries_in_silence(monkeypatch):
    """Whoever retires a dead worker tells nobody."""

    async def tell(self):
        self._untold.clear()

    monkeypatch.setattr(burying.Undertaker, "tell", tell)


_MISTAKES: dict[Mistake, str] = {
    _counts_doubled_reports: "lossy",
    _loses_the_retired: "stalls",
    _revives_the_retired: "stalls",
    _journals_twice: "calm",
    _forgets_the_cursor: "calm",
    _goes_on_without_evidence: "calm",
    _believes_the_clock: "clocks",
    _ignores_the_winner: "lossy",
    _journals_nothing: "calm",
    _counts_again: "stalls",
    _reads_nothing: "calm",
    _invents_weights: "calm",
    _lets_definitions_fight: "deploys",
    _believes_an_empty_store: "clocks",
    _loses_durations: "calm",
    _skips_phases: "calm",
    _buries_twice: "stalls",
    _buries_in_silence: "stalls",
}


@pytest.mark.parametrize(
    ("mistake", "scenario"), _MISTAKES.items(), ids=[each.__name__[1:] for each in _MISTAKES]
)
def test_a_mistake_is_found(mistake, scenario, monkeypatch):
    """Otherwise ten thousand simulations that hold would prove nothing."""
    store = mistake(monkeypatch) or MemoryStore
    for seed in _SEEDS:
        try:
            simulate(seed, scenario, lambda now: InMemory(now, store))
        except Broken:
            return
    raise AssertionError(f"{mistake.__doc__} {len(_SEEDS)} seeds did not notice")


def test_without_a_mistake_the_same_seeds_hold():
    """Otherwise what was found above was something else."""
    for seed in _SEEDS:
        simulate(seed, "calm")


def _event(what, before, after, actor=RULE):
    return Event(what, "shop", 0.0, 1, "green", "2", before, after, 20.0, "", actor)


@pytest.mark.parametrize(("rest", "enough"), [(4.0, True), (0.5, False)])
def test_a_bake_that_was_paused_has_to_last_in_all_its_parts(rest, enough):
    """Otherwise a release could bake while somebody has paused it, and no simulation would say so."""
    definition = canary(steps=(Step(20, bake=15), Step(50)))
    standing = Standing(RolloutState("shop", "blue"), definition)
    happened = [
        (0.0, _event(Happening.ADVANCED, Phase.RUNNING, Phase.RUNNING)),
        (11.0, _event(Happening.PAUSED, Phase.RUNNING, Phase.PAUSED, ADA)),
        (40.0, _event(Happening.RESUMED, Phase.PAUSED, Phase.RUNNING, ADA)),
    ]
    stints = Stints(0.0, 0)
    for at, event in happened:
        stints = stints.after(event, at, 0)
    advanced = _event(Happening.ADVANCED, Phase.RUNNING, Phase.RUNNING)
    wrong = promoted_in_time(standing, advanced, stints.until(40.0 + rest), 0)
    assert (wrong is None) is enough
